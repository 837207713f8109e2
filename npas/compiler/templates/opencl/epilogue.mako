## What kernels with weights have in common.

## Where products are halves, sums of a few of them are too, and go into the floats of the same name. `at`, which `first`
## defines where it is a number, goes on to `end`, in the loop between to `until`. A line of the `own` sums is declared at once.
<%def name="begin_run(view, indent, own, first, at, end)">\
% if view.runs:
${indent}${f"for ({first}; {at} != {end};)" if first else f"while ({at} != {end})"} {
${indent}    const ${"int" if first else "__global int*"} until = ${at} + least((int)(${end} - ${at}), RUN);
% for line in own:
${indent}    factors ${", ".join(f"h{name} = (factors)(0.0f)" for name in line)};
% endfor
% endif
</%def>\
<%def name="end_run(view, indent, own, widened='widened')">\
% if view.runs:
% for name in (name for line in own for name in line):
${indent}    a${name} += ${widened}(h${name});
% endfor
${indent}}
% endif
</%def>\

## What follows the sum: the element-wise operators fused behind the layer.
<%def name="epilogue(view)">\
static inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}
</%def>\
