## One layer: what it is, and the function that every thread runs.
<%def name="function(layer)">\
% for note in layer.notes:
// ${note}
% endfor
void ${layer.function}(Run& run) {
% for line in layer.constants:
    ${line}
% endfor
${layer.body}
}
</%def>\
