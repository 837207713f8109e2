// The layers of net, in the order in which every inference enqueues them.
#include "layers.h"

namespace npas_net {

void forward(Run& run) {
    run(layer_000);  // input (input): 3x8x8 -> 3x8x8
    run(layer_001);  // conv1 + act1 (3x3): 3x8x8 -> 8x8x8
    run(layer_002);  // fast + add1 + act2 (3x3, Winograd F(4x4)): 8x8x8 -> 8x8x8
    run(layer_003);  // conv2 + act3 (3x3, 8 groups): 8x8x8 -> 8x8x8
    run(layer_004);  // conv3 (3x3, stride 2): 8x8x8 -> 12x4x4
    run(layer_005);  // pool1 (global avg pool): 12x4x4 -> 12x1x1
    run(layer_006);  // linear1 (linear): 12x1x1 -> 5x1x1
    run(layer_007);  // linear1 (output): 5x1x1 -> 5x1x1
}

}  // namespace npas_net
