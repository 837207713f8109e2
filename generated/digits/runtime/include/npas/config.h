// The namespace of everything in this tree, so that two generated models live in one process.
#pragma once

#define NPAS_NAMESPACE npas_digits
