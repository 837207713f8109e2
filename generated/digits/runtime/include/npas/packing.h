// Copies of what a tile of pixels reads, for kernels with a list of kept positions for every filter: the input once
// for each column of the window, so that under every tap a vector begins in line. Image size, stride and layout of the
// input end here; and how finished sums leave for an output of any layout.
//
// A line is a vector of output pixels: of one row; of as many short rows as it has slots; or, under a 1x1 window, of
// pixels that follow each other in any rows. A tap's row of the window says which rows of the input lie under a line,
// and as many lines further down lie those under another row that begins with the same ones.
#pragma once

#include <type_traits>

#include "npas/config.h"
#include "npas/indexed.h"
#include "npas/parts.h"
#include "npas/simd.h"
#include "npas/tensor.h"

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

namespace packing {

template <int... I>
struct Indices {};
template <int N, int... I>
struct Counted : Counted<N - 1, N - 1, I...> {};
template <int... I>
struct Counted<0, I...> {
    using Type = Indices<I...>;
};

// Which lane of two vectors, one behind the other, comes to lane i: patterns that are one instruction each.
constexpr int quarter(int i) { return i / 4 * 4; }
constexpr int alternate_low(int i) { return quarter(i) + i % 4 / 2 + (i % 2 == 0 ? 0 : kLanes); }
constexpr int alternate_high(int i) { return alternate_low(i) + 2; }
constexpr int halves_low(int i) { return quarter(i) + i % 2 + (i % 4 < 2 ? 0 : kLanes); }
constexpr int halves_high(int i) { return halves_low(i) + 2; }
constexpr int quarters_even(int i) { return 2 * quarter(i) % kLanes + i % 4 + (i < kLanes / 2 ? 0 : kLanes); }
constexpr int quarters_odd(int i) { return quarters_even(i) + 4; }

template <int (*From)(int), int... I>
inline vec pick(vec a, vec b, Indices<I...>) {
#if __has_builtin(__builtin_shufflevector)
    return __builtin_shufflevector(a, b, From(I)...);
#else  // GCC before 12
    return vec{(From(I) < kLanes ? a[From(I) % kLanes] : b[From(I) % kLanes])...};
#endif
}

template <int (*From)(int)>
inline vec pick(vec a, vec b) {
    return pick<From>(a, b, typename Counted<kLanes>::Type{});
}

// Four rows at a time, in each quarter of four lanes by itself. No loops, so that all vectors stay in registers.
template <int I>
[[gnu::always_inline]] inline void turn_quarters(vec (&v)[kLanes]) {
    if constexpr (I < kLanes) {
        const vec a = pick<alternate_low>(v[I], v[I + 1]), b = pick<alternate_high>(v[I], v[I + 1]);
        const vec c = pick<alternate_low>(v[I + 2], v[I + 3]), d = pick<alternate_high>(v[I + 2], v[I + 3]);
        v[I] = pick<halves_low>(a, c);
        v[I + 1] = pick<halves_high>(a, c);
        v[I + 2] = pick<halves_low>(b, d);
        v[I + 3] = pick<halves_high>(b, d);
        turn_quarters<I + 4>(v);
    }
}

// Quarters of rows H apart, from row I on, and then of rows further apart.
template <int H, int I>
[[gnu::always_inline]] inline void turn(vec (&v)[kLanes]) {
    if constexpr (H < kLanes && I < kLanes) {
        if constexpr ((I & H) == 0) {
            const vec a = v[I], b = v[I + H];
            v[I] = pick<quarters_even>(a, b);
            v[I + H] = pick<quarters_odd>(a, b);
        }
        turn<H, I + 1>(v);
    } else if constexpr (H < kLanes) {
        turn<2 * H, 0>(v);
    }
}

}  // namespace packing

// Rows become columns.
[[gnu::always_inline]] inline void transpose(vec (&v)[kLanes]) {
    packing::turn_quarters<0>(v);
    packing::turn<4, 0>(v);
}

namespace packing {

// A constant index each, so that all vectors stay in registers.
template <class Each, int... I>
[[gnu::always_inline]] inline void for_lanes(Each each, Indices<I...>) {
    (each(std::integral_constant<int, I>()), ...);
}

template <class Each>
[[gnu::always_inline]] inline void for_lanes(Each each) {
    for_lanes(each, typename Counted<kLanes>::Type{});
}

}  // namespace packing

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
            packing::for_lanes([&](auto k) { v[k] = load(sums + k * step); });
        } else {
            packing::for_lanes([&](auto k) { v[k] = k < filters ? load(sums + k * step) : vec{}; });
        }
        transpose(v);
        packing::for_lanes([&](auto k) {
            const std::ptrdiff_t place = at.of[line].at[k];
            if (place != kNowhere) put(place, other.of[line].at[k], v[k]);
        });
    }
}

// A line of one plane, from and to wherever its pixels lie.
vec gather(const float* plane, const Places& places);
void scatter(float* plane, const Places& places, vec x);

}  // namespace NPAS_NAMESPACE
