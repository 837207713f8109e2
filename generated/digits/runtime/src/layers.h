// The layers of digits, each in a file of its own.
#pragma once

#include "npas/run.h"

namespace npas_digits {

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
void layer_013(Run& run);
void layer_014(Run& run);
void layer_015(Run& run);
void layer_016(Run& run);
void layer_017(Run& run);
void layer_018(Run& run);
void layer_019(Run& run);
void layer_020(Run& run);
void layer_021(Run& run);
void layer_022(Run& run);
void layer_023(Run& run);
void layer_024(Run& run);
void layer_025(Run& run);
void layer_026(Run& run);
void layer_027(Run& run);

}  // namespace npas_digits
