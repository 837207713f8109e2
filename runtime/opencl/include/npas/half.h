// Half precision on the host: 16 bits, a sign, five of the exponent, ten of the fraction.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "npas/config.h"

namespace NPAS_NAMESPACE {

inline float widened(std::uint16_t half) {
    const int exponent = (half >> 10) & 0x1f;
    const auto fraction = static_cast<float>(half & 0x3ff);
    float x = 0.0f;
    if (exponent == 0x1f) {
        x = fraction > 0.0f ? NAN : INFINITY;
    } else if (exponent == 0) {
        x = std::ldexp(fraction, -24);
    } else {
        x = std::ldexp(fraction + 1024.0f, exponent - 25);
    }
    return half & 0x8000 ? -x : x;
}

// The nearest one; of two as near, the even.
inline std::uint16_t narrowed(float x) {
    const std::uint32_t sign = std::signbit(x) ? 0x8000u : 0u;
    std::uint32_t size = 0;
    if (std::isnan(x)) {
        size = 0x7e00u;
    } else if (std::fabs(x) >= 65520.0f) {  // half a unit above the largest
        size = 0x7c00u;
    } else {
        int exponent = 0;
        std::frexp(x, &exponent);
        // Zero and subnormal numbers have the unit of the least normal one.
        if (x == 0.0f || exponent < -13) exponent = -13;
        const auto units = static_cast<std::uint32_t>(std::nearbyint(std::ldexp(std::fabs(x), 11 - exponent)));
        // Where rounding gives a fraction too much, it goes into the exponent, as it should.
        size = (static_cast<std::uint32_t>(exponent + 13) << 10) + units;
    }
    return static_cast<std::uint16_t>(sign | size);
}

}  // namespace NPAS_NAMESPACE
