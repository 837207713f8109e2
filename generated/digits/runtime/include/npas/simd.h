// Vectors of floats: AVX-512, AVX2 and portable (what the compiler makes of 4 lanes: SSE, NEON, ...).
//
// Written with the vector extension that GCC and Clang share, so that one text serves every instruction set; both
// make of it the loads, broadcasts and fused multiplications that intrinsics would give, and no header of theirs
// is needed (reading one takes longer than compiling a kernel).
#pragma once

#include <cstdint>
#include <cstring>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

// How many floats a vector has: as many as the instruction set's, unless whoever compiles says otherwise. Of wider ones
// the compiler makes several: slow, but the same kernels, so that AVX-512's can be tested anywhere.
#if !defined(NPAS_LANES)
#if defined(__AVX512F__)
#define NPAS_LANES 16
#elif defined(__AVX2__)
#define NPAS_LANES 8
#else
#define NPAS_LANES 4
#endif
#endif

constexpr int kLanes = NPAS_LANES;

typedef float vec __attribute__((vector_size(kLanes * 4)));
typedef std::int32_t ivec __attribute__((vector_size(kLanes * 4)));

inline vec load(const float* p) {
    vec v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

inline void store(float* p, vec v) { std::memcpy(p, &v, sizeof v); }

// The difference, not the sum: x - 0 is x for every x, so that nothing but the broadcast is left of it.
inline vec splat(float x) { return x - vec{}; }
inline vec broadcast(const float* p) { return splat(*p); }

// Two neighbouring floats in every pair of lanes. Written out: of a loop GCC makes wider loads and permutations.
inline vec broadcast_pair(const float* p) {
    typedef double wide __attribute__((vector_size(kLanes * 4)));
    double d;
    std::memcpy(&d, p, sizeof d);
#if NPAS_LANES == 16
    return (vec)wide{d, d, d, d, d, d, d, d};
#elif NPAS_LANES == 8
    return (vec)wide{d, d, d, d};
#else
    return (vec)wide{d, d};
#endif
}

// Four neighbouring floats in every four lanes. GCC makes one load of a builtin, or of doubles; Clang of a shuffle too.
inline vec broadcast_quad(const float* p) {
#if defined(__AVX512F__) && NPAS_LANES == 16 && __has_builtin(__builtin_ia32_broadcastf32x4_512)
    typedef float quad __attribute__((vector_size(16)));
    quad q;
    std::memcpy(&q, p, sizeof q);
    return __builtin_ia32_broadcastf32x4_512(q, vec{}, -1);
#elif defined(__AVX__) && NPAS_LANES == 8 && __has_builtin(__builtin_ia32_vbroadcastf128_ps256)
    typedef float quad __attribute__((vector_size(16), may_alias, aligned(4)));
    return __builtin_ia32_vbroadcastf128_ps256(reinterpret_cast<const quad*>(p));
#elif NPAS_LANES == 16
    typedef double wide __attribute__((vector_size(kLanes * 4)));
    double d[2];
    std::memcpy(d, p, sizeof d);
    return (vec)wide{d[0], d[1], d[0], d[1], d[0], d[1], d[0], d[1]};
#elif NPAS_LANES == 8
    typedef double wide __attribute__((vector_size(kLanes * 4)));
    double d[2];
    std::memcpy(d, p, sizeof d);
    return (vec)wide{d[0], d[1], d[0], d[1]};
#else
    return load(p);
#endif
}

inline ivec load(const std::int32_t* p) {
    ivec v;
    std::memcpy(&v, p, sizeof v);
    return v;
}

// One float in the lower half of the lanes, another one in the upper half.
inline vec broadcast_two(const float* low, const float* high) {
    const vec a = broadcast(low), b = broadcast(high);
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec both = a;
    for (int i = kLanes / 2; i < kLanes; ++i) both[i] = b[i];
    return both;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(a, b, 0, 1, 2, 3, 12, 13, 14, 15);
#else
    return __builtin_shufflevector(a, b, 0, 1, 6, 7);
#endif
}

// The sum of both halves, in the lower one.
inline vec fold(vec v) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec sum{};
    for (int i = 0; i < kLanes / 2; ++i) sum[i] = v[i] + v[i + kLanes / 2];
    return sum;
#elif NPAS_LANES == 16
    return v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
#elif NPAS_LANES == 8
    return v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
#else
    return v + __builtin_shufflevector(v, v, 2, 3, 0, 1);
#endif
}

// Half a vector, zeros behind it.
inline vec load_lower(const float* p) {
    vec v{};
    std::memcpy(&v, p, sizeof v / 2);
    return v;
}

inline void store_lower(float* p, vec v) { std::memcpy(p, &v, sizeof v / 2); }

// Half precision: shifted into place, the number is too small by 2^112, subnormal ones included. Neither infinities nor
// NaN are stored so.
inline float half_to_float(std::uint16_t half) {
    const std::uint32_t bits = (half & 0x7fffu) << 13;
    float x;
    std::memcpy(&x, &bits, sizeof x);
    x *= 0x1p112f;
    return half & 0x8000u ? -x : x;
}

inline vec load_halves(const std::uint16_t* p) {
#if defined(__AVX512F__) && NPAS_LANES == 16 && __has_builtin(__builtin_ia32_vcvtph2ps512_mask)
    typedef short packed __attribute__((vector_size(kLanes * 2)));
    packed v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_ia32_vcvtph2ps512_mask(v, vec{}, -1, 4);
#elif defined(__F16C__) && NPAS_LANES == 8 && __has_builtin(__builtin_ia32_vcvtph2ps256)
    typedef short packed __attribute__((vector_size(kLanes * 2)));
    packed v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_ia32_vcvtph2ps256(v);
#elif defined(__F16C__)  // clang from 22 on
    typedef _Float16 packed __attribute__((vector_size(kLanes * 2)));
    packed v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vec);
#else
    typedef std::uint16_t packed __attribute__((vector_size(kLanes * 2)));
    packed v;
    std::memcpy(&v, p, sizeof v);
    const ivec wide = __builtin_convertvector(v, ivec);
    const vec x = (vec)((wide & 0x7fff) << 13) * splat(0x1p112f);
    return (vec)((ivec)x | ((wide & 0x8000) << 16));
#endif
}

inline vec load_lower_halves(const std::uint16_t* p) {
    std::uint16_t padded[kLanes] = {};
    std::memcpy(padded, p, sizeof padded / 2);
    return load_halves(padded);
}

// a * b + c; one rounding where the machine has it (-ffp-contract=fast).
inline vec fma(vec a, vec b, vec c) { return a * b + c; }

// The value where the mask's bits are set, +0 elsewhere (also where the value is NaN or infinite).
inline vec keep(vec v, ivec mask) { return (vec)((ivec)v & mask); }

// Every other float of a and b, from the first on.
inline vec evens(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec found;
    for (int i = 0; i < kLanes / 2; ++i) {
        found[i] = a[2 * i];
        found[i + kLanes / 2] = b[2 * i];
    }
    return found;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
#endif
}

// A vector of floats, `step` (1 or 2) apart; where that is 2, one more is read behind the last.
inline vec every(const float* p, int step) { return step == 1 ? load(p) : evens(load(p), load(p + kLanes)); }

// a + b, of which neighbouring lanes are swapped: a0 + b1, a1 + b0, a2 + b3, ...
inline vec plus_swapped(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    for (int i = 0; i < kLanes; ++i) a[i] += b[i ^ 1];
    return a;
#elif NPAS_LANES == 16
    return a + __builtin_shufflevector(b, b, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
#elif NPAS_LANES == 8
    return a + __builtin_shufflevector(b, b, 1, 0, 3, 2, 5, 4, 7, 6);
#else
    return a + __builtin_shufflevector(b, b, 1, 0, 3, 2);
#endif
}

// a + b, of which neighbouring twos are swapped: a0 + b2, a1 + b3, a2 + b0, a3 + b1, ...
inline vec plus_swapped_twos(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    for (int i = 0; i < kLanes; ++i) a[i] += b[i ^ 2];
    return a;
#elif NPAS_LANES == 16
    return a + __builtin_shufflevector(b, b, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
#elif NPAS_LANES == 8
    return a + __builtin_shufflevector(b, b, 2, 3, 0, 1, 6, 7, 4, 5);
#else
    return a + __builtin_shufflevector(b, b, 2, 3, 0, 1);
#endif
}

// The sums of neighbouring twos, in each four lanes by themselves: a0 + a2, a1 + a3, b0 + b2, b1 + b3, ...
inline vec twos(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec sums;
    for (int i = 0; i < kLanes; i += 4) {
        for (int j = 0; j < 2; ++j) {
            sums[i + j] = a[i + j] + a[i + j + 2];
            sums[i + j + 2] = b[i + j] + b[i + j + 2];
        }
    }
    return sums;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
           __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13) +
           __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15);
#else
    return __builtin_shufflevector(a, b, 0, 1, 4, 5) + __builtin_shufflevector(a, b, 2, 3, 6, 7);
#endif
}

// Every other float of a and b in each four lanes by themselves, from the first or the second on: a0, a2, b0, b2, ...
// What crosses the fours costs several times as much, and can wait.
inline vec evens_of_fours(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec found;
    for (int i = 0; i < kLanes; ++i) found[i] = i % 4 < 2 ? a[i / 4 * 4 + i % 2 * 2] : b[i / 4 * 4 + i % 2 * 2];
    return found;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(a, b, 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(a, b, 0, 2, 8, 10, 4, 6, 12, 14);
#else
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
#endif
}

inline vec odds_of_fours(vec a, vec b) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec found;
    for (int i = 0; i < kLanes; ++i) found[i] = i % 4 < 2 ? a[i / 4 * 4 + i % 2 * 2 + 1] : b[i / 4 * 4 + i % 2 * 2 + 1];
    return found;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(a, b, 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(a, b, 1, 3, 9, 11, 5, 7, 13, 15);
#else
    return __builtin_shufflevector(a, b, 1, 3, 5, 7);
#endif
}

// The sums of neighbouring lanes, in each four lanes by themselves: a0 + a1, a2 + a3, b0 + b1, b2 + b3, ...
inline vec pairs(vec a, vec b) { return evens_of_fours(a, b) + odds_of_fours(a, b); }

// What evens_of_fours, odds_of_fours, pairs or twos give of a and b in order: all that is of a, then all of b.
inline vec ordered_pairs(vec v) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec sums;
    for (int i = 0; i < kLanes; ++i) sums[i / 4 * 2 + i % 2 + i % 4 / 2 * (kLanes / 2)] = v[i];
    return sums;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(v, v, 0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(v, v, 0, 1, 4, 5, 2, 3, 6, 7);
#else
    return v;
#endif
}

// What pairs(pairs(a, b), pairs(c, d)) gives in order: all of a's sums of fours, then b's, c's and d's.
inline vec ordered_fours(vec v) {
#if !__has_builtin(__builtin_shufflevector)  // GCC before 12
    vec sums;
    for (int i = 0; i < kLanes; ++i) sums[i % 4 * (kLanes / 4) + i / 4] = v[i];
    return sums;
#elif NPAS_LANES == 16
    return __builtin_shufflevector(v, v, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
#elif NPAS_LANES == 8
    return __builtin_shufflevector(v, v, 0, 4, 1, 5, 2, 6, 3, 7);
#else
    return v;
#endif
}

// NaN in `a` stays NaN, as in ONNX Runtime: the comparison is false, and so is the one that the instruction makes.
#if NPAS_LANES == 8 && defined(__AVX2__)
inline vec max(vec a, vec b) { return __builtin_ia32_maxps256(b, a); }
inline vec min(vec a, vec b) { return __builtin_ia32_minps256(b, a); }
#elif NPAS_LANES == 4 && defined(__SSE2__)
inline vec max(vec a, vec b) { return __builtin_ia32_maxps(b, a); }
inline vec min(vec a, vec b) { return __builtin_ia32_minps(b, a); }
#else
inline vec max(vec a, vec b) { return a < b ? b : a; }
inline vec min(vec a, vec b) { return a > b ? b : a; }
#endif

}  // namespace NPAS_NAMESPACE
