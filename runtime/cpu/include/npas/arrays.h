// Layers on arrays of any rank: moving numbers, sums along axes, products of matrices.
//
// All but `move` and `clear` read and write plain arrays (compact values), whose shape the caller gives.
#pragma once

#include <cstddef>
#include <cstdint>

#include "npas/config.h"
#include "npas/tensor.h"

namespace NPAS_NAMESPACE {

// What an index along an axis adds to an offset in floats: an entry of a table, or without one a multiple of the step.
struct Offsets {
    const std::int32_t* table;
    int step;

    std::ptrdiff_t operator[](int i) const {
        return table != nullptr ? table[i] : static_cast<std::ptrdiff_t>(i) * step;
    }
};

// In the table of a source: what lies outside of it.
constexpr std::int32_t kOutside = -1;

struct MoveAxis {
    int count;
    Offsets from, to;
};

constexpr int kMostAxes = 12;

// Element (i0, i1, ...) of the target, at `to` plus the sum of the axes' offsets, is that of the source, or `fill`
// where an axis says kOutside.
struct Move {
    const MoveAxis* axes;
    int rank;
    int from, to;
    float fill;
    bool outside;  // whether any axis says so
};

void move(const Move& move, View in, View out, Share share);

// Zeros in all of a value, margins and unused lanes included.
void clear(View value, Share share);

// [rows, length] -> [rows]
void reduce_sum(int rows, int length, View in, View out, Share share);
void reduce_mean(int rows, int length, View in, View out, Share share);
void reduce_max(int rows, int length, View in, View out, Share share);
void reduce_min(int rows, int length, View in, View out, Share share);
void reduce_prod(int rows, int length, View in, View out, Share share);

// Each row less its mean, over the root of its variance and epsilon.
void normalize(int rows, int length, float epsilon, View in, View out, Share share);

void softmax(int rows, int length, View in, View out, Share share);
void log_softmax(int rows, int length, View in, View out, Share share);
// 1 for the first of a row's largest, 0 for the others.
void hardmax(int rows, int length, View in, View out, Share share);

struct Matrices {
    int batch, rows, depth, columns;
};

// [batch, rows, depth] x [batch, depth, columns] -> [batch, rows, columns]
void matmul(const Matrices& shape, View a, View b, View out, Share share);

// [outer, size, inner] -> [outer, count, inner]: element i is the sum over j < taps of weights[i * taps + j] times
// element indices[i * taps + j].
struct Resampling {
    int outer, size, inner, count, taps;
    const std::int32_t* indices;
    const float* weights;
};

void resample(const Resampling& taps, View in, View out, Share share);

}  // namespace NPAS_NAMESPACE
