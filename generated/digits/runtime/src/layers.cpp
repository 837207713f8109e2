#include "npas/layers.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace NPAS_NAMESPACE {

namespace {

// The part of a window at output position `i` that lies inside the image.
Range inside(int i, int stride, int before, int size, int image) {
    const int begin = i * stride - before;
    return {std::max(begin, 0), std::min(begin + size, image)};
}

void zero_plane(const View& value, int channel) {
    std::memset(value.plane(channel) - value.layout->origin, 0,
                static_cast<std::size_t>(value.layout->plane) * sizeof(float));
}

}  // namespace

void max_pool(const Window& window, View in, View out, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const Range channels = slice(share, to.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        zero_plane(out, c);
        for (int y = 0; y < to.height; ++y) {
            const Range rows = inside(y, window.stride_y, window.top, window.height, from.height);
            float* target = out.plane(c) + y * to.pitch;
            for (int x = 0; x < to.width; ++x) {
                const Range columns = inside(x, window.stride_x, window.left, window.width, from.width);
                float best = -std::numeric_limits<float>::infinity();
                for (int i = rows.begin; i < rows.end; ++i) {
                    const float* source = in.plane(c) + i * from.pitch;
                    for (int j = columns.begin; j < columns.end; ++j) best = std::max(best, source[j]);
                }
                target[x] = best;
            }
        }
    }
}

void average_pool(const Window& window, bool count_pads, View in, View out, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const Range channels = slice(share, to.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        zero_plane(out, c);
        for (int y = 0; y < to.height; ++y) {
            const Range rows = inside(y, window.stride_y, window.top, window.height, from.height);
            float* target = out.plane(c) + y * to.pitch;
            for (int x = 0; x < to.width; ++x) {
                const Range columns = inside(x, window.stride_x, window.left, window.width, from.width);
                float sum = 0.0f;
                for (int i = rows.begin; i < rows.end; ++i) {
                    const float* source = in.plane(c) + i * from.pitch;
                    for (int j = columns.begin; j < columns.end; ++j) sum += source[j];
                }
                const int count =
                    count_pads ? window.height * window.width : (rows.end - rows.begin) * (columns.end - columns.begin);
                target[x] = sum / static_cast<float>(count);
            }
        }
    }
}

void global_average_pool(View in, View out, Share share) {
    const Layout& from = *in.layout;
    const Range channels = slice(share, from.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        float sum = 0.0f;
        for (int y = 0; y < from.height; ++y) {
            const float* row = in.plane(c) + y * from.pitch;
            for (int x = 0; x < from.width; ++x) sum += row[x];
        }
        out.plane(c)[0] = sum / static_cast<float>(from.height * from.width);
    }
}

void copy_channels(View in, View out, int first_channel, Share share) {
    const Layout &from = *in.layout, &to = *out.layout;
    const Range channels = slice(share, from.channels);
    for (int c = channels.begin; c < channels.end; ++c) {
        zero_plane(out, first_channel + c);
        for (int y = 0; y < from.height; ++y) {
            std::memcpy(out.plane(first_channel + c) + y * to.pitch, in.plane(c) + y * from.pitch,
                        static_cast<std::size_t>(from.width) * sizeof(float));
        }
    }
}

void softmax(View in, View out, Share share) {
    if (share.thread != 0) return;
    const int count = in.layout->channels;
    const float top = *std::max_element(in.data, in.data + count);
    float sum = 0.0f;
    for (int i = 0; i < count; ++i) {
        out.data[i] = std::exp(in.data[i] - top);
        sum += out.data[i];
    }
    for (int i = 0; i < count; ++i) out.data[i] /= sum;
}

}  // namespace NPAS_NAMESPACE
