// One inference of net, as every thread of the team runs it.
#include "layers.h"

namespace npas_net {

void forward(Run& run) {
    run(layer_000);  // input (input): 3x18x18 -> 3x18x18
    run(layer_001);  // conv1 + act1 (3x3, stride 2): 3x18x18 -> 16x9x9
    run(layer_002);  // turn + act2 (3x3, 16 groups): 16x9x9 -> 16x9x9
    run.together(layer_003);  // project (1x1): 16x9x9 -> 8x9x9
    run.together(layer_004);  // expand + act3 (1x1): 8x9x9 -> 24x9x9
    run(layer_005);  // between + act4 (3x3, 24 groups): 24x9x9 -> 24x9x9
    run.together(layer_006);  // project_again + add1 (1x1): 24x9x9 -> 8x9x9
    run.together(layer_007);  // expand_again + act5 (1x1): 8x9x9 -> 24x9x9
    run(layer_008);  // halve (3x3, stride 2, 24 groups): 24x9x9 -> 24x5x5
    run.together(layer_009);  // last (1x1): 24x5x5 -> 12x5x5
    run(layer_010);  // pool1 (global avg pool): 12x5x5 -> 12x1x1
    run(layer_011);  // linear1 (linear): 12x1x1 -> 5x1x1
    run(layer_012);  // linear1 (output): 5x1x1 -> 5x1x1
}

}  // namespace npas_net
