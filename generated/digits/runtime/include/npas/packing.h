// Copies of what a tile of pixels reads, for kernels with a list of kept positions for every filter: the input once
// for each column of the window, so that under every tap a vector begins in line. Image size, stride and layout of the
// input end here; and how finished sums leave for an output of any layout.
//
// A line is a vector of output pixels: of one row; of as many short rows as it has slots; or, under a 1x1 window, of
// pixels that follow each other in any rows. A tap's row of the window says which rows of the input lie under a line,
// and as many lines further down lie those under another row that begins with the same ones.
#pragma once

#include "npas/config.h"
#include "npas/indexed.h"
#include "npas/parts.h"
#include "npas/simd.h"
#include "npas/tensor.h"
#include "npas/transpose.h"

namespace NPAS_NAMESPACE {

// Of a tile: lines [first, first + count), from column x of their rows on.
struct Lines {
    int first, count, x;
};

Lines lines_of(const IndexedSpec& spec, int tile);

// What a tile reads, if there is one of this number: to be fetched in `calls` parts while another is computed.
Coming coming_tile(const IndexedSpec& spec, ConstView in, int tile, int calls);

// Copies what a tile reads of as many channels as are copied at a time, `part` of them by number: `to` is
// [channels][vectors][lanes]. Lanes without a pixel hold those of another one.
void copy_tile(const IndexedSpec& spec, ConstView in, int part, const Lines& lines, float* to);

// Where the output pixels of a line lie in a plane, in floats from its first pixel on, lane by lane; `kNowhere` where
// there is none. Of each of a tile's lines: `to` has room for them.
constexpr std::ptrdiff_t kNowhere = -1;
struct Places {
    std::ptrdiff_t at[kLanes];
};

void places_of(const IndexedSpec& spec, const Lines& lines, const Layout& layout, Places* to);

// Where the lines of a tile lie in a value.
template <int Most>
struct TilePlaces {
    TilePlaces(const IndexedSpec& spec, const Lines& lines, const Layout& layout) {
        places_of(spec, lines, layout, of);
    }

    Places of[Most];
};

// Finished sums [filters][lines][lanes] of a plane's filters, on `lines` lines: `put` puts one pixel, (at, other,
// vector of filters), with its place in a plane of either layout.
template <int Most, class Put>
[[gnu::always_inline]] inline void leave_in_lanes(const float* sums, int filters, int lines, const TilePlaces<Most>& at,
                                                  const TilePlaces<Most>& other, Put put) {
    constexpr std::ptrdiff_t step = Most * kLanes;
    for (int line = 0; line < lines; ++line, sums += kLanes) {
        vec v[kLanes];
        if (filters >= kLanes) {
            for_lanes([&](auto k) { v[k] = load(sums + k * step); });
        } else {
            for_lanes([&](auto k) { v[k] = k < filters ? load(sums + k * step) : vec{}; });
        }
        transpose(v);
        for_lanes([&](auto k) {
            const std::ptrdiff_t place = at.of[line].at[k];
            if (place != kNowhere) put(place, other.of[line].at[k], v[k]);
        });
    }
}

// A line of one plane, from and to wherever its pixels lie.
vec gather(const float* plane, const Places& places);
void scatter(float* plane, const Places& places, vec x);

}  // namespace NPAS_NAMESPACE
