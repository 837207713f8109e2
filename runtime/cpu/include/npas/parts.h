// Which part of a layer one call of a kernel computes, where filters or channels lie in lanes; and how two layers run
// part by part, so that what lies between them stays in a near cache.
#pragma once

#include "npas/indexed.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

constexpr int kLine = 16;  // floats in a cache line

// Of a convolution: groups of filters on tiles of pixels.
struct Part {
    Range groups, tiles;
    Range rows;      // whose gaps are cleared
    int plane, row;  // of the image, with which the memory that is written begins
};

// A window of an input that will be read next and may lie in far memory: line by line it is fetched to the second-level
// cache, `calls` times a few, while another is read. `planes` are those of the input that one caller sees to; `rows`
// and `columns` may end outside the image.
class Coming {
  public:
    Coming(ConstView in, Range planes, Range rows, Range columns, int calls);

    void fetch() {
        fetch([](const float* line) { __builtin_prefetch(line, 0, 2); });
    }

    template <class Each>
    void fetch(Each each) {
        for (int i = 0; i < pace_ && planes_ > 0; ++i, line_ += kLine) {
            if (line_ >= end_) {
                if (++run_ == runs_) {
                    if (--planes_ == 0) return;
                    run_ = 0;
                    end_ += plane_step_;
                }
                end_ += run_step_;
                line_ = end_ - length_;
            }
            each(line_);
        }
    }

  private:
    const float *line_, *end_;
    int run_ = 0, runs_;                             // of a plane: rows, or one of all of them where these are whole
    std::ptrdiff_t length_, run_step_, plane_step_;  // the last one from behind one plane's runs to the next one's
    int planes_, pace_;
};

// Of a depthwise or pooling layer: `units` of the rows of a few planes, counted plane by plane.
struct Strip {
    Range planes, rows;
    Range units;
    int plane, row;  // of the image, with which the memory that is read begins
};

// The seat among the first `most`.
inline Share first_of(Share seat, int most) { return {seat.thread, seat.threads < most ? seat.threads : most}; }

// A piece of a layer that stands alone; of planes that all have `height` rows.
Part part_of(const Indexed& conv, Share share);
inline Strip strip_of(int planes, int height, Share share) {
    return {{0, planes}, {0, height}, slice(share, planes * height), 0, 0};
}

// A convolution whose result only a depthwise or pooling layer reads: a group of filters on a few rows, then that layer
// on those, so that the rows need only a buffer.
struct Pair {
    int rows;           // of the output at a time
    int stride, reach;  // rows from one window to the next, and in a window
    int top;            // rows of padding
    int height;         // of the image between the two
    int planes;         // of a group
    int shares;         // buffers: as many threads work
};

// The work of one unit: a group of filters and a few rows of the output.
struct Step {
    Part part;
    Strip strip;
};
int steps_of(const Pair& pair, const Indexed& conv, const Layout& out);
Step step_of(const Pair& pair, const Indexed& conv, const Layout& out, int unit);

View own_buffer(View buffer, int thread);

}  // namespace NPAS_NAMESPACE
