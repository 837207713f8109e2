// The namespace of everything in the runtime. A generated tree has its own copy of this file with the
// model's name, so that two generated models live in one process.
#pragma once

#define NPAS_NAMESPACE npas
