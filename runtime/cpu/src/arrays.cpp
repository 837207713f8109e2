#include "npas/arrays.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "npas/simd.h"

namespace NPAS_NAMESPACE {

namespace {

// The innermost axis from one place on.
void move_line(const MoveAxis& axis, Range part, const float* from, float* to, float fill, bool outside) {
    if (axis.from.table == nullptr && axis.to.table == nullptr) {
        if (axis.from.step == 1 && axis.to.step == 1) {
            std::memcpy(to + part.begin, from + part.begin,
                        static_cast<std::size_t>(part.end - part.begin) * sizeof(float));
            return;
        }
        for (int i = part.begin; i < part.end; ++i) {
            to[static_cast<std::ptrdiff_t>(i) * axis.to.step] = from[static_cast<std::ptrdiff_t>(i) * axis.from.step];
        }
        return;
    }
    for (int i = part.begin; i < part.end; ++i) {
        const std::ptrdiff_t source = axis.from[i];
        to[axis.to[i]] = outside && source == kOutside ? fill : from[source];
    }
}

void fill_line(const MoveAxis& axis, Range part, float* to, float fill) {
    for (int i = part.begin; i < part.end; ++i) to[axis.to[i]] = fill;
}

double total(const float* row, int length) {
    double sum = 0.0;
    for (int i = 0; i < length; ++i) sum += static_cast<double>(row[i]);
    return sum;
}

template <class Join>
float joined(const float* row, int length, Join join) {
    float found = row[0];
    for (int i = 1; i < length; ++i) found = join(found, row[i]);
    return found;
}

// Calls `row(in, out)` for each row of the share.
template <class Row>
void each_row(int rows, int length, int step, View in, View out, Share share, Row row) {
    const Range part = slice(share, rows);
    for (int i = part.begin; i < part.end; ++i) {
        row(in.data + static_cast<std::ptrdiff_t>(i) * length, out.data + static_cast<std::ptrdiff_t>(i) * step);
    }
}

// out[0 .. count) += x * b[0 .. count)
void add_scaled(float x, const float* b, float* out, int count) {
    int i = 0;
    for (; i + kLanes <= count; i += kLanes) store(out + i, fma(splat(x), load(b + i), load(out + i)));
    for (; i < count; ++i) out[i] += x * b[i];
}

}  // namespace

void move(const Move& move, View in, View out, Share share) {
    const MoveAxis& last = move.axes[move.rank - 1];
    const Range first = slice(share, move.axes[0].count);
    if (first.begin == first.end) return;
    const float* from = in.data + move.from;
    float* to = out.data + move.to;
    if (move.rank == 1) return move_line(last, first, from, to, move.fill, move.outside);
    const Range line{0, last.count};
    int at[kMostAxes] = {first.begin};
    while (at[0] < first.end) {
        std::ptrdiff_t source = 0, target = 0;
        bool outside = false;
        for (int d = 0; d < move.rank - 1; ++d) {
            const std::ptrdiff_t step = move.axes[d].from[at[d]];
            outside = outside || (move.outside && move.axes[d].from.table != nullptr && step == kOutside);
            source += step;
            target += move.axes[d].to[at[d]];
        }
        if (outside) {
            fill_line(last, line, to + target, move.fill);
        } else {
            move_line(last, line, from + source, to + target, move.fill, move.outside);
        }
        int d = move.rank - 2;
        while (d > 0 && ++at[d] == move.axes[d].count) at[d--] = 0;
        if (d == 0) ++at[0];
    }
}

void clear(View value, Share share) {
    const Layout& l = *value.layout;
    const Range planes = slice(share, l.planes());
    if (planes.begin == planes.end) return;
    std::memset(
        value.plane(planes.begin) - static_cast<std::ptrdiff_t>(l.origin) * l.block, 0,
        static_cast<std::size_t>(l.plane_step()) * static_cast<std::size_t>(planes.end - planes.begin) * sizeof(float));
}

void reduce_sum(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, 1, in, out, share,
             [&](const float* row, float* sum) { *sum = static_cast<float>(total(row, length)); });
}

void reduce_mean(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, 1, in, out, share,
             [&](const float* row, float* mean) { *mean = static_cast<float>(total(row, length) / length); });
}

void reduce_max(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, 1, in, out, share, [&](const float* row, float* found) {
        *found = joined(row, length, [](float a, float b) { return std::max(a, b); });
    });
}

void reduce_min(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, 1, in, out, share, [&](const float* row, float* found) {
        *found = joined(row, length, [](float a, float b) { return std::min(a, b); });
    });
}

void reduce_prod(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, 1, in, out, share, [&](const float* row, float* found) {
        *found = joined(row, length, [](float a, float b) { return a * b; });
    });
}

void normalize(int rows, int length, float epsilon, View in, View out, Share share) {
    each_row(rows, length, length, in, out, share, [&](const float* row, float* to) {
        const double mean = total(row, length) / length;
        double squares = 0.0;
        for (int i = 0; i < length; ++i) {
            const double d = static_cast<double>(row[i]) - mean;
            squares += d * d;
        }
        const auto scale = static_cast<float>(1.0 / std::sqrt(squares / length + static_cast<double>(epsilon)));
        const auto middle = static_cast<float>(mean);
        for (int i = 0; i < length; ++i) to[i] = (row[i] - middle) * scale;
    });
}

void softmax(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, length, in, out, share, [&](const float* row, float* to) {
        const float top = *std::max_element(row, row + length);
        float sum = 0.0f;
        for (int i = 0; i < length; ++i) {
            to[i] = std::exp(row[i] - top);
            sum += to[i];
        }
        for (int i = 0; i < length; ++i) to[i] /= sum;
    });
}

void log_softmax(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, length, in, out, share, [&](const float* row, float* to) {
        const float top = *std::max_element(row, row + length);
        float sum = 0.0f;
        for (int i = 0; i < length; ++i) sum += std::exp(row[i] - top);
        const float offset = std::log(sum);
        for (int i = 0; i < length; ++i) to[i] = row[i] - top - offset;
    });
}

void hardmax(int rows, int length, View in, View out, Share share) {
    each_row(rows, length, length, in, out, share, [&](const float* row, float* to) {
        const auto best = std::max_element(row, row + length) - row;
        std::fill(to, to + length, 0.0f);
        to[best] = 1.0f;
    });
}

void matmul(const Matrices& shape, View a, View b, View out, Share share) {
    const Range part = slice(share, shape.batch * shape.rows);
    for (int i = part.begin; i < part.end; ++i) {
        const float* row = a.data + static_cast<std::ptrdiff_t>(i) * shape.depth;
        const float* matrix = b.data + static_cast<std::ptrdiff_t>(i / shape.rows) * shape.depth * shape.columns;
        float* to = out.data + static_cast<std::ptrdiff_t>(i) * shape.columns;
        std::fill(to, to + shape.columns, 0.0f);
        for (int k = 0; k < shape.depth; ++k) {
            add_scaled(row[k], matrix + static_cast<std::ptrdiff_t>(k) * shape.columns, to, shape.columns);
        }
    }
}

void resample(const Resampling& taps, View in, View out, Share share) {
    const Range part = slice(share, taps.outer * taps.count);
    for (int line = part.begin; line < part.end; ++line) {
        const int i = line % taps.count;
        const float* source = in.data + static_cast<std::ptrdiff_t>(line / taps.count) * taps.size * taps.inner;
        float* to = out.data + static_cast<std::ptrdiff_t>(line) * taps.inner;
        std::fill(to, to + taps.inner, 0.0f);
        for (int j = i * taps.taps; j < (i + 1) * taps.taps; ++j) {
            add_scaled(taps.weights[j], source + static_cast<std::ptrdiff_t>(taps.indices[j]) * taps.inner, to,
                       taps.inner);
        }
    }
}

}  // namespace NPAS_NAMESPACE
