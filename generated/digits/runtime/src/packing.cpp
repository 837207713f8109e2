#include "npas/packing.h"

#include <algorithm>

namespace NPAS_NAMESPACE {

namespace {

// Rows of a line in rows by themselves; 0 where it runs on.
int stack_of(const Packing& p) { return p.slot == 0 ? 0 : kLanes / p.slot; }

// The output pixels of a line, lane by lane; also of those lanes that have none.
class Lane {
  public:
    Lane(const IndexedSpec& spec, int line, int x)
        : row(spec.packing.slot == 0 ? line * kLanes / spec.width : line * stack_of(spec.packing)),
          column(spec.packing.slot == 0 ? line * kLanes % spec.width : x),
          begin_(spec.packing.slot == 0 ? 0 : x),
          end_(spec.packing.slot == 0 ? spec.width : x + spec.packing.slot) {}

    void next() {
        if (++column < end_) return;
        column = begin_;
        ++row;
    }

    int row, column;

  private:
    const int begin_, end_;
};

// Where the pixels under a line lie in a plane of the input, in floats from its first pixel on.
struct Sources {
    std::ptrdiff_t at[kLanes];

    // Whether they lie `step` floats apart.
    bool apart(int step) const {
        for (int i = 1; i < kLanes; ++i) {
            if (at[i] - at[i - 1] != step) return false;
        }
        return true;
    }
};

// Under a line as a vector of a part. Places beyond what any window reads become the last that one does.
Sources sources_of(const IndexedSpec& spec, const CopyPart& part, int line, int x, const Layout& l) {
    const Packing& p = spec.packing;
    Sources found;
    Lane lane(spec, line, x);
    for (int i = 0; i < kLanes; ++i, lane.next()) {
        const int row = std::min(lane.row * p.stride_y + part.row - p.top, p.last_row);
        const int column = std::min(lane.column * p.stride_x + part.column - p.left, p.last_column);
        found.at[i] = row * l.row_step() + static_cast<std::ptrdiff_t>(column) * l.block;
    }
    return found;
}

// Under lines that follow each other. Of those in rows by themselves, all that end above the last row that is read lie
// as the one before does, a step further down.
void sources_of(const IndexedSpec& spec, const CopyPart& part, int line, int x, const Layout& l, Sources* to,
                int lines) {
    const Packing& p = spec.packing;
    const int stack = stack_of(p);
    for (int i = 0; i < lines; ++i, ++line) {
        if (i > 0 && stack > 0 && ((line + 1) * stack - 1) * p.stride_y + part.row - p.top <= p.last_row) {
            for (int k = 0; k < kLanes; ++k) to[i].at[k] = to[i - 1].at[k] + stack * p.stride_y * l.row_step();
        } else {
            to[i] = sources_of(spec, part, line, x, l);
        }
    }
}

constexpr int kTogether = 16;  // lines whose sources are known at a time

// A few lines of each of a few channels, `step` floats apart, from planes of one channel.
void copy_planar(ConstView in, Range channels, const Sources* from, int lines, float* to, std::ptrdiff_t step) {
    for (int i = 0; i < lines; ++i, to += kLanes) {
        const bool together = from[i].apart(1), every_other = from[i].apart(2);
        float* target = to;
        for (int c = channels.begin; c < channels.end; ++c, target += step) {
            const float* plane = in.plane(c);
            if (together) {
                store(target, load(plane + from[i].at[0]));
            } else if (every_other) {
                store(target, evens(load(plane + from[i].at[0]), load(plane + from[i].at[0] + kLanes)));
            } else {
                for (int k = 0; k < kLanes; ++k) target[k] = plane[from[i].at[k]];
            }
        }
    }
}

// The same from planes with as many channels as there are lanes: a vector of channels for each pixel, turned round.
void copy_lanes(ConstView in, Range channels, const Sources* from, int lines, float* to, std::ptrdiff_t step) {
    for (int c = channels.begin; c < channels.end; c += kLanes, to += kLanes * step) {
        const float* plane = in.plane(c / kLanes);
        const int left = channels.end - c;
        for (int i = 0; i < lines; ++i) {
            float* target = to + i * kLanes;
            vec v[kLanes];
            for_lanes([&](auto k) { v[k] = load(plane + from[i].at[k]); });
            transpose(v);
            for_lanes([&](auto k) {
                if (k < left) store(target + k * step, v[k]);
            });
        }
    }
}

Places places_of(const IndexedSpec& spec, int line, int x, const Layout& layout) {
    Places found;
    Lane lane(spec, line, x);
    for (int i = 0; i < kLanes; ++i, lane.next()) {
        const bool is_pixel = lane.row < spec.height && lane.column < spec.width;
        found.at[i] = is_pixel ? lane.row * layout.row_step() + static_cast<std::ptrdiff_t>(lane.column) * layout.block
                               : kNowhere;
    }
    return found;
}

}  // namespace

Lines lines_of(const IndexedSpec& spec, int tile) {
    const Packing& p = spec.packing;
    const int columns = spec.grid.columns, bands = spec.tiles / columns, band = tile / columns;
    const int first = p.depth * band / bands;
    return {first, p.depth * (band + 1) / bands - first, tile % columns * kLanes};
}

Coming coming_tile(const IndexedSpec& spec, ConstView in, int tile, int calls) {
    const Packing& p = spec.packing;
    const Lines lines = lines_of(spec, tile);
    const int stack = stack_of(p);
    // Of the output, and then of the input: where lines run on, rows that they touch.
    Range rows = {lines.first * stack, (lines.first + lines.count) * stack}, columns = {lines.x, lines.x + p.slot};
    if (p.slot == 0) {
        rows = {lines.first * kLanes / spec.width, ((lines.first + lines.count) * kLanes - 1) / spec.width + 1};
        columns = {0, spec.width};
    }
    const auto reads = [](Range out, int stride, int before, int last, int size) {
        const int begin = out.begin * stride - before;
        return Range{begin, begin + (out.end - out.begin - size) * stride + last + before + 1};
    };
    return Coming(in, tile < spec.tiles ? Range{0, in.layout->planes()} : Range{0, 0},
                  reads(rows, p.stride_y, p.top, p.last_row, spec.height),
                  reads(columns, p.stride_x, p.left, p.last_column, spec.width), calls);
}

void copy_tile(const IndexedSpec& spec, ConstView in, int part, const Lines& lines, float* to) {
    const Packing& p = spec.packing;
    const int begin = part * p.channels;
    const Range channels = {begin, std::min(begin + p.channels, spec.channels)};
    const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(p.vectors) * kLanes;
    for (int i = 0; i < p.part_count; ++i) {
        const CopyPart& copied = p.parts[i];
        const int all = lines.count + copied.more;
        for (int first = 0; first < all; first += kTogether) {
            const int count = std::min(kTogether, all - first);
            Sources from[kTogether];
            sources_of(spec, copied, lines.first + first, lines.x, *in.layout, from, count);
            float* vectors = to + (copied.first + first) * kLanes;
            if (in.layout->block == 1) {
                copy_planar(in, channels, from, count, vectors, step);
            } else {
                copy_lanes(in, channels, from, count, vectors, step);
            }
        }
    }
}

void places_of(const IndexedSpec& spec, const Lines& lines, const Layout& layout, Places* to) {
    const int stack = stack_of(spec.packing);
    for (int i = 0, line = lines.first; i < lines.count; ++i, ++line) {
        if (i > 0 && stack > 0 && (line + 1) * stack <= spec.height) {
            for (int k = 0; k < kLanes; ++k) {
                const std::ptrdiff_t above = to[i - 1].at[k];
                to[i].at[k] = above == kNowhere ? kNowhere : above + stack * layout.row_step();
            }
        } else {
            to[i] = places_of(spec, line, lines.x, layout);
        }
    }
}

vec gather(const float* plane, const Places& places) {
    vec found{};
    for (int i = 0; i < kLanes; ++i) {
        if (places.at[i] != kNowhere) found[i] = plane[places.at[i]];
    }
    return found;
}

void scatter(float* plane, const Places& places, vec x) {
    for (int i = 0; i < kLanes; ++i) {
        if (places.at[i] != kNowhere) plane[places.at[i]] = x[i];
    }
}

}  // namespace NPAS_NAMESPACE
