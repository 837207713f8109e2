## What follows the sum of every kernel with weights: the element-wise operators fused behind the layer.
<%def name="epilogue(view)">\
static inline vec epilogue(vec x${", vec residual" if view.residual else ""}) {
% for statement in view.epilogue:
    ${statement}
% endfor
    return x;
}
</%def>\
