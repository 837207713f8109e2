// Functions of vectors: activations, and whatever an operator computes element by element.
#pragma once

#include "npas/simd.h"

namespace NPAS_NAMESPACE {

inline vec relu(vec x) { return max(x, splat(0.0f)); }
inline vec clip(vec x, float low, float high) { return min(max(x, splat(low)), splat(high)); }
inline vec hard_sigmoid(vec x) { return clip(fma(x, splat(1.0f / 6.0f), splat(0.5f)), 0.0f, 1.0f); }
inline vec hard_swish(vec x) { return x * clip(x + splat(3.0f), 0.0f, 6.0f) * splat(1.0f / 6.0f); }

// exp(x) = 2^n * exp(r) with |r| <= ln(2) / 2; the polynomial is the Taylor series to the 7th power, whose
// remainder is below 5e-9 there. Adding 1.5 * 2^23 rounds, and leaves n in the low bits; ln(2) is split in two so
// that r keeps its low bits. -ffp-contract=fast changes neither: both steps are sums that stand alone.
inline vec exp(vec x) {
    x = clip(x, -87.0f, 88.0f);
    const vec rounded = fma(x, splat(1.44269504f), splat(12582912.0f));
    const vec whole = rounded - splat(12582912.0f);
    vec r = fma(whole, splat(-0.693359375f), x);
    r = fma(whole, splat(2.12194440e-4f), r);
    vec p = fma(splat(1.0f / 5040.0f), r, splat(1.0f / 720.0f));
    p = fma(p, r, splat(1.0f / 120.0f));
    p = fma(p, r, splat(1.0f / 24.0f));
    p = fma(p, r, splat(1.0f / 6.0f));
    p = fma(p, r, splat(0.5f));
    p = fma(p, r, splat(1.0f));
    p = fma(p, r, splat(1.0f));
    return p * (vec)(((ivec)rounded << 23) + 0x3f800000);
}

inline vec sigmoid(vec x) { return splat(1.0f) / (splat(1.0f) + exp(-x)); }
inline vec silu(vec x) { return x / (splat(1.0f) + exp(-x)); }

// The functions below are not on any friendly network's path: libm, lane by lane, is exact and short.
template <class Function>
inline vec each(vec x, Function function) {
    for (int i = 0; i < kLanes; ++i) x[i] = function(x[i]);
    return x;
}

template <class Function>
inline vec each(vec x, vec y, Function function) {
    for (int i = 0; i < kLanes; ++i) x[i] = function(x[i], y[i]);
    return x;
}

inline vec tanh(vec x) {
    return each(x, [](float v) { return __builtin_tanhf(v); });
}

inline vec gelu(vec x) {
    return each(x, [](float v) { return v * 0.5f * (1.0f + __builtin_erff(v * 0.70710678f)); });
}

inline vec gelu_tanh(vec x) {
    const vec inner = splat(0.79788456f) * (x + splat(0.044715f) * x * x * x);
    return splat(0.5f) * x * (splat(1.0f) + tanh(inner));
}

inline vec neg(vec x) { return -x; }
inline vec reciprocal(vec x) { return splat(1.0f) / x; }
inline vec abs(vec x) { return (vec)((ivec)x & 0x7fffffff); }
inline vec softsign(vec x) { return x / (splat(1.0f) + abs(x)); }
inline vec leaky_relu(vec x, float alpha) { return x < 0.0f ? splat(alpha) * x : x; }
inline vec prelu(vec x, vec slope) { return x < 0.0f ? slope * x : x; }
inline vec thresholded(vec x, float high) { return x > high ? x : splat(0.0f); }

inline vec shrunk(vec x, float low, float high, float bias) {
    const vec above = x > high ? x - splat(bias) : splat(0.0f);
    return x < low ? x + splat(bias) : above;
}

inline vec elu(vec x, float alpha, float inverse_beta, float gamma) {
    return each(x, [=](float v) { return gamma * (v > 0.0f ? v : alpha * __builtin_expm1f(v * inverse_beta)); });
}

inline vec softplus(vec x) {
    return each(x,
                [](float v) { return (v > 0.0f ? v : 0.0f) + __builtin_log1pf(__builtin_expf(-__builtin_fabsf(v))); });
}

inline vec sign(vec x) {
    return each(x, [](float v) { return v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v; });
}

// Beyond the range of `exp`, too.
inline vec exponential(vec x) {
    return each(x, [](float v) { return __builtin_expf(v); });
}

inline vec acos(vec x) {
    return each(x, [](float v) { return __builtin_acosf(v); });
}

inline vec acosh(vec x) {
    return each(x, [](float v) { return __builtin_acoshf(v); });
}

inline vec asin(vec x) {
    return each(x, [](float v) { return __builtin_asinf(v); });
}

inline vec asinh(vec x) {
    return each(x, [](float v) { return __builtin_asinhf(v); });
}

inline vec atan(vec x) {
    return each(x, [](float v) { return __builtin_atanf(v); });
}

inline vec atanh(vec x) {
    return each(x, [](float v) { return __builtin_atanhf(v); });
}

inline vec ceil(vec x) {
    return each(x, [](float v) { return __builtin_ceilf(v); });
}

inline vec cos(vec x) {
    return each(x, [](float v) { return __builtin_cosf(v); });
}

inline vec cosh(vec x) {
    return each(x, [](float v) { return __builtin_coshf(v); });
}

inline vec erf(vec x) {
    return each(x, [](float v) { return __builtin_erff(v); });
}

inline vec floor(vec x) {
    return each(x, [](float v) { return __builtin_floorf(v); });
}

inline vec log(vec x) {
    return each(x, [](float v) { return __builtin_logf(v); });
}

inline vec round(vec x) {
    return each(x, [](float v) { return __builtin_rintf(v); });
}

inline vec sin(vec x) {
    return each(x, [](float v) { return __builtin_sinf(v); });
}

inline vec sinh(vec x) {
    return each(x, [](float v) { return __builtin_sinhf(v); });
}

inline vec sqrt(vec x) {
    return each(x, [](float v) { return __builtin_sqrtf(v); });
}

inline vec tan(vec x) {
    return each(x, [](float v) { return __builtin_tanf(v); });
}

inline vec power(vec x, vec y) {
    return each(x, y, [](float a, float b) { return __builtin_powf(a, b); });
}

// With the sign of x.
inline vec remainder_of(vec x, vec y) {
    return each(x, y, [](float a, float b) { return __builtin_fmodf(a, b); });
}

}  // namespace NPAS_NAMESPACE
