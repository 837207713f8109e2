#include "npas/packing.h"

#include <algorithm>

namespace NPAS_NAMESPACE {

namespace {

// The output pixels of a line, lane by lane; also of those lanes that have none.
class Lane {
  public:
    Lane(const IndexedSpec& spec, int line, int x)
        : row(spec.packing.slot == 0 ? line * kLanes / spec.width : line * (kLanes / spec.packing.slot)),
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

// One vector of each of a few channels, `step` floats apart, from planes of one channel.
void copy_planar(ConstView in, Range channels, const Sources& from, float* to, std::ptrdiff_t step) {
    const bool together = from.apart(1), every_other = from.apart(2);
    for (int c = channels.begin; c < channels.end; ++c, to += step) {
        const float* plane = in.plane(c);
        if (together) {
            store(to, load(plane + from.at[0]));
        } else if (every_other) {
            store(to, evens(load(plane + from.at[0]), load(plane + from.at[0] + kLanes)));
        } else {
            for (int i = 0; i < kLanes; ++i) to[i] = plane[from.at[i]];
        }
    }
}

// The same from planes with as many channels as there are lanes: a vector of channels for each pixel, turned round.
void copy_lanes(ConstView in, Range channels, const Sources& from, float* to, std::ptrdiff_t step) {
    for (int c = channels.begin; c < channels.end;) {
        const float* plane = in.plane(c / kLanes);
        vec v[kLanes];
        for (int i = 0; i < kLanes; ++i) v[i] = load(plane + from.at[i]);
        transpose(v);
        const int end = std::min((c / kLanes + 1) * kLanes, channels.end);
        for (; c < end; ++c, to += step) store(to, v[c % kLanes]);
    }
}

}  // namespace

Lines lines_of(const IndexedSpec& spec, int tile) {
    const Packing& p = spec.packing;
    const int columns = spec.grid.columns, bands = spec.tiles / columns, band = tile / columns;
    const int first = p.depth * band / bands;
    return {first, p.depth * (band + 1) / bands - first, tile % columns * kLanes};
}

void copy_tile(const IndexedSpec& spec, ConstView in, int part, const Lines& lines, float* to) {
    const Packing& p = spec.packing;
    const int begin = part * p.channels;
    const Range channels = {begin, std::min(begin + p.channels, spec.channels)};
    const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(p.vectors) * kLanes;
    for (int i = 0; i < p.part_count; ++i) {
        const CopyPart& copied = p.parts[i];
        for (int r = 0; r < lines.count + copied.more; ++r) {
            const Sources from = sources_of(spec, copied, lines.first + r, lines.x, *in.layout);
            float* vectors = to + (copied.first + r) * kLanes;
            if (in.layout->block == 1) {
                copy_planar(in, channels, from, vectors, step);
            } else {
                copy_lanes(in, channels, from, vectors, step);
            }
        }
    }
}

Places places_of(const IndexedSpec& spec, int line, int x) {
    Places found;
    found.count = 0;
    Lane lane(spec, line, x);
    for (int i = 0; i < kLanes; ++i, lane.next()) {
        if (lane.row >= spec.height || lane.column >= spec.width) continue;
        found.lane[found.count] = i;
        found.y[found.count] = lane.row;
        found.x[found.count] = lane.column;
        ++found.count;
    }
    return found;
}

vec gather(ConstView value, int plane, const Places& at) {
    const float* pixels = value.plane(plane);
    vec found{};
    for (int i = 0; i < at.count; ++i) found[at.lane[i]] = pixels[at.y[i] * value.layout->row_step() + at.x[i]];
    return found;
}

void scatter(View value, int plane, const Places& at, vec x) {
    float* pixels = value.plane(plane);
    for (int i = 0; i < at.count; ++i) pixels[at.y[i] * value.layout->row_step() + at.x[i]] = x[at.lane[i]];
}

}  // namespace NPAS_NAMESPACE
