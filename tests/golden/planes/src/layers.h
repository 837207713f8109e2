// The layers of net, each in a file of its own.
#pragma once

#include "npas/run.h"

namespace npas_net {

void layer_000(Run& run);
void layer_001(Run& run);
void layer_002(Run& run);
void layer_003(Run& run);
void layer_004(Run& run);
void layer_005(Run& run);
void layer_006(Run& run);
void layer_007(Run& run);
void layer_008(Run& run);
void layer_009(Run& run);
void layer_010(Run& run);
void layer_011(Run& run);
void layer_012(Run& run);

}  // namespace npas_net
