// Vectors whose rows become columns: as many as there are lanes.
#pragma once

#include <type_traits>

#include "npas/config.h"
#include "npas/simd.h"

namespace NPAS_NAMESPACE {

namespace transposing {

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

template <class Each, int... I>
[[gnu::always_inline]] inline void for_lanes(Each each, Indices<I...>) {
    (each(std::integral_constant<int, I>()), ...);
}

}  // namespace transposing

// Each lane's number in turn, a constant of its own, so that vectors chosen by it stay in registers.
template <class Each>
[[gnu::always_inline]] inline void for_lanes(Each each) {
    transposing::for_lanes(each, typename transposing::Counted<kLanes>::Type{});
}

// Rows become columns.
[[gnu::always_inline]] inline void transpose(vec (&v)[kLanes]) {
    transposing::turn_quarters<0>(v);
    transposing::turn<4, 0>(v);
}

}  // namespace NPAS_NAMESPACE
