// What the parts of the runtime's unit tests share.
#pragma once

#include <cstddef>
#include <cstdio>
#include <vector>

#include "npas/tensor.h"

using namespace NPAS_NAMESPACE;

inline int failures = 0;
inline long checks = 0;

#define CHECK(condition)                                                         \
    do {                                                                         \
        ++checks;                                                                \
        if (!(condition)) {                                                      \
            if (++failures <= 20) std::printf("%d: %s\n", __LINE__, #condition); \
        }                                                                        \
    } while (false)
void test_tensors();
void test_layers();
void test_arrays();
void test_parts();
void test_memory(const char* folder);

struct Tensor {
    Layout layout;
    std::vector<float> data;

    // Everything, margins too, holds a number that no test writes.
    explicit Tensor(const Layout& l) : layout(l), data(static_cast<std::size_t>(l.planes() * l.plane_step()), -77.0f) {}
    View view() { return {data.data() + static_cast<std::ptrdiff_t>(layout.origin) * layout.block, &layout}; }
    float& at(int c, int y, int x) {
        const int pixel = c / layout.block * layout.plane + layout.origin + y * layout.pitch + x;
        return data[static_cast<std::size_t>(pixel * layout.block + c % layout.block)];
    }
    void fill() {
        for (int c = 0; c < layout.channels; ++c) {
            for (int y = 0; y < layout.height; ++y) {
                for (int x = 0; x < layout.width; ++x) at(c, y, x) = static_cast<float>(c * 10000 + y * 100 + x + 1);
            }
        }
    }
    // Whether pixel i of a plane is one of the image.
    bool pixel(int i) const {
        const int p = i - layout.origin;
        return p >= 0 && p / layout.pitch < layout.height && p % layout.pitch < layout.width;
    }
    // Floats that are not of a pixel, in all lanes, or of the lanes that no channel has, and not zero.
    int dirty_margins() const {
        return dirty([&](int i, int) { return !pixel(i); });
    }
    int dirty_lanes() const {
        return dirty([&](int i, int channel) { return pixel(i) && channel >= layout.channels; });
    }

  private:
    template <typename Chosen>
    int dirty(Chosen chosen) const {
        int count = 0;
        for (int i = 0; i < layout.planes() * layout.plane; ++i) {
            for (int k = 0; k < layout.block; ++k) {
                const int channel = i / layout.plane * layout.block + k;
                count +=
                    chosen(i % layout.plane, channel) && data[static_cast<std::size_t>(i * layout.block + k)] != 0.0f;
            }
        }
        return count;
    }
};

inline Layout compact(int c, int h, int w) { return {c, h, w, w, 0, h * w, 1}; }
inline Layout padded(int c, int h, int w, int top, int left, int bottom, int right, int block = 1) {
    const int pitch = w + std::max(left, right), origin = top * pitch + left;
    return {c, h, w, pitch, origin, origin + (h - 1 + bottom) * pitch + w + right + 3, block};
}
// Nothing but pixels.
inline Layout gapless(int c, int h, int w, int block) { return {c, h, w, w, 0, h * w, block}; }
// What the threads do one after the other.
template <typename F>
void by(int threads, F work) {
    for (int t = 0; t < threads; ++t) work(Share{t, threads});
}
