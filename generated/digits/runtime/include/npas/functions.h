// Functions of vectors: activations, and whatever an operator computes element by element.
#pragma once

#include "npas/simd.h"

namespace NPAS_NAMESPACE {

inline vec relu(vec x) { return max(x, splat(0.0f)); }
inline vec clip(vec x, float low, float high) { return min(max(x, splat(low)), splat(high)); }
inline vec hard_sigmoid(vec x) { return clip(fma(x, splat(1.0f / 6.0f), splat(0.5f)), 0.0f, 1.0f); }
inline vec hard_swish(vec x) { return x * clip(x + splat(3.0f), 0.0f, 6.0f) * splat(1.0f / 6.0f); }

// exp(-x) = 2^n * exp(-r) with r = x + n ln(2), |r| <= ln(2) / 2. Adding 1.5 * 2^23 rounds, and leaves n + 127, the
// exponent of 2^n, in the low bits. The polynomial is, of those of degree 5 that begin with 1, the one whose largest
// relative error there is the least: 9.3e-8. A multiplication that is not fused would round n ln(2), so that there
// ln(2) comes in two parts, the first of few bits.
inline vec exp_of_minus(vec x) {
    x = clip(x, -87.0f, 87.0f);
    const vec rounded = fma(x, splat(-1.44269504f), splat(12582912.0f + 127.0f));
    const vec n = rounded - splat(12582912.0f + 127.0f);
#if defined(__FMA__) || defined(__aarch64__)
    const vec r = fma(n, splat(0.693147181f), x);
#else
    const vec r = fma(n, splat(-2.12194440e-4f), fma(n, splat(0.693359375f), x));
#endif
    vec p = fma(splat(-0.00829026103f), r, splat(0.0418981537f));
    p = fma(p, r, splat(-0.166676387f));
    p = fma(p, r, splat(0.499991477f));
    p = fma(p, r, splat(-0.999999702f));
    p = fma(p, r, splat(1.0f));
    return p * (vec)((ivec)rounded << 23);
}

inline vec sigmoid(vec x) { return splat(1.0f) / (splat(1.0f) + exp_of_minus(x)); }
inline vec silu(vec x) { return x / (splat(1.0f) + exp_of_minus(x)); }

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
