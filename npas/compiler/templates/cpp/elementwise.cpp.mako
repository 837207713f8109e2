<%page args="view"/>\
// Element by element: ${view.summary}
#include "${view.name}.h"
#include "npas/functions.h"

namespace ${view.namespace} {

namespace {

inline vec compute(vec x${", vec other" if view.binary else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}

}  // namespace

// All rows of a plane are one run of floats, whose margins become zero again at the end.
${view.signature} {
    const Layout& l = *out.layout;
    const int length = ((l.height - 1) * l.pitch + l.width) * l.block;
    const Range planes = slice(share, l.planes());
    for (int c = planes.begin; c < planes.end; ++c) {
        const float* x = in.plane(c);
% if view.binary == "plane":
        const float* y = other.plane(c);
% elif view.binary == "channel":
        const vec y = l.block == 1 ? broadcast(other.data + c) : load(other.data + c * kLanes);
% endif
        float* result = out.plane(c);
        int i = 0;
        for (; i + kLanes <= length; i += kLanes) {
            store(result + i, compute(load(x + i)${", load(y + i)" if view.binary == "plane" else ", y" if view.binary else ""}));
        }
        for (; i < length; ++i) {
            result[i] = compute(splat(x[i])${", splat(y[i])" if view.binary == "plane" else ", y" if view.binary else ""})[0];
        }
        clear_gaps(out, c, {0, l.height});
    }
}

}  // namespace ${view.namespace}
