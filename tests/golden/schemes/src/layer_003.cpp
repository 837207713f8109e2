#include "conv_packed_avx2_h10.h"
#include "npas/layers.h"
#include "npas/parts.h"
#include "npas/run.h"

namespace npas_net {

// fkw (3x3, dilation (2, 1)): 10x10x7 -> 9x10x7.
// 272 of 810 weights, stored as fkw, 1524 bytes: pattern 3x.
void layer_003(Run& run) {
    static constexpr int kCopies = 2;
    if (run.seat().thread >= kCopies) return;
    const View copy = own_buffer(run.value(4), run.seat().thread);
    conv_packed_avx2_h10(run.indexed(2), run.value(3), run.value(5), copy, first_of(run.seat(), kCopies));
}

}  // namespace npas_net
