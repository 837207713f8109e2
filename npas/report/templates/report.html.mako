<%def name="chart(c)">\
<svg class="chart ${c.fit}" viewBox="0 0 ${c.width} ${c.height}" role="img">
<title>${c.title}</title>
<desc>${c.description}</desc>
% for area in c.areas:
<rect class="${area.style}" x="${area.x}" y="${area.y}" width="${area.width}" height="${area.height}"/>
% endfor
<g class="grid">
% for tick in c.y_ticks:
<path d="M${c.left} ${tick.at}H${c.width - c.right}"/>
% endfor
</g>
<path class="axis" d="M${c.left} ${c.height - c.bottom}H${c.width - c.right}"/>
<g class="ticks">
% for tick in c.y_ticks:
<text x="${c.left - 9}" y="${tick.at + 4}" text-anchor="end">${tick.label}</text>
% endfor
% for tick in c.x_ticks:
<path class="axis" d="M${tick.at} ${c.height - c.bottom}v4"/><text x="${tick.at}" y="${c.height - c.bottom + 19}" text-anchor="middle">${tick.label}</text>
% endfor
</g>
<text class="axis-title" x="${c.width - c.right}" y="${c.height - 5}" text-anchor="end">${c.x_title}</text>
<text class="axis-title" x="4" y="12">${c.y_title}</text>
% for line in c.lines:
<path class="${line.style}" d="${line.path}"/>
% endfor
% for mark in c.marks:
<path class="${mark.style}" transform="translate(${mark.x} ${mark.y})" d="${mark.shape}"><title>${mark.title}</title></path>
% endfor
% for label in c.labels:
<text class="${label.style}" x="${label.x}" y="${label.y}" text-anchor="${label.anchor}">${label.text}</text>
% endfor
</svg>
</%def>\
<%def name="pairs(rows)">\
<dl class="pairs">
% for term, value in rows:
<div><dt>${term}</dt><dd>${value}</dd></div>
% endfor
</dl>
</%def>\
<%def name="key(style, shape, words)">\
<li><svg viewBox="-11 -11 22 22" aria-hidden="true"><path class="${style}" d="${shape}"/></svg>${words}</li>
</%def>\
<%def name="search(s)">\
${pairs(s.summary)}
<figure>
<h3>Accuracy against latency</h3>
% for c in s.scatter:
${chart(c)}
% endfor
% if not s.scatter:
<p class="gap">No trial was measured.</p>
% endif
<ul class="legend">
% for style, shape, words in s.legend:
${key("trial on-front " + style, shape, words)}
% endfor
<li><svg viewBox="-11 -11 22 22" aria-hidden="true"><path class="front" d="M-10 0H10"/></svg>Pareto front; trials behind it are pale</li>
<li><svg viewBox="-11 -11 22 22" aria-hidden="true"><path class="budget" d="M0-10V10"/></svg>latency budget</li>
</ul>
<figcaption>Trials show the accuracy of the fast evaluation, before phase 3 retrains the best one.</figcaption>
</figure>
<figure>
<h3>How the search went</h3>
% for c in s.progress:
${chart(c)}
% endfor
<figcaption>Reward by trial; the line is the best so far, a cross is a failed trial. Rewards far below the rest lie on the lower edge.</figcaption>
</figure>
<details${" open" if s.front_open else ""}>
<summary>The Pareto front as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Pareto front">
<table>
<caption class="unseen">Trials on the Pareto front, fastest first</caption>
<thead><tr><th scope="col" class="figure">Trial</th><th scope="col">Origin</th><th scope="col" class="figure">Latency</th><th scope="col" class="figure">Accuracy</th><th scope="col" class="figure">Against the budget</th></tr></thead>
<tbody>
% for trial, origin, latency, accuracy, margin in s.front:
<tr><td class="figure">${trial}</td><td>${origin}</td><td class="figure">${latency}</td><td class="figure">${accuracy}</td><td class="figure">${margin}</td></tr>
% endfor
</tbody>
</table>
</div>
</details>
% if s.failures:
<details open>
<summary>Failed trials: ${len(s.failures)}</summary>
<ul class="plain">
% for trial, reason in s.failures:
<li><span class="tag">trial ${trial}</span> ${reason}</li>
% endfor
</ul>
</details>
% endif
</%def>\
<%def name="figure_cell(cell)">\
<td class="figure" data-value="${cell.value}">${cell.shown}</td>\
</%def>\
<%def name="layer_row(row)">\
<tr><th scope="row">${row.name}<span class="sub">${row.op}</span><span class="sub">${row.shape}</span></th><td>${row.scheme}\
% if row.why_dense:
<span class="sub warn">built dense: ${row.why_dense}</span>\
% endif
</td>${figure_cell(row.rate)}${figure_cell(row.time)}${figure_cell(row.dense_time)}${figure_cell(row.speed_up)}<td class="bars"><svg viewBox="0 0 96 12" role="img"><title>${row.bars.title}</title><rect class="bar-dense" width="${row.bars.dense}" height="4.5" y="7" rx="1"/><rect class="bar-own" width="${row.bars.own}" height="5.5" y="0.5" rx="1"/></svg></td>${figure_cell(row.share)}${figure_cell(row.bytes)}<td>${row.format}<span class="sub"><code>${row.kernel}</code></span></td></tr>
</%def>\
<%def name="layers(t)">\
% if not t.measured:
<p class="gap">Times per layer: not measured.</p>
% endif
<p class="note">Median time per layer; the pale bar is the same layer built dense.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Layers">
<table class="layers" data-sortable>
<caption class="unseen">Every layer: scheme, rate, time, dense time, weights, kernel</caption>
<thead><tr><th scope="col">Layer</th><th scope="col">Scheme</th><th scope="col" class="figure">Rate</th><th scope="col" class="figure">Time, ms</th><th scope="col" class="figure">Dense, ms</th><th scope="col" class="figure">Speed-up</th><th scope="col" class="bars"><span class="unseen">Time and dense time drawn</span></th><th scope="col" class="figure">Share</th><th scope="col" class="figure">Weights</th><th scope="col">Format, kernel</th></tr></thead>
<tbody>
% for row in t.layers:
${layer_row(row)}\
% endfor
</tbody>
<tfoot><tr><th scope="row">All layers</th><td></td><td></td><td class="figure">${t.total}</td><td class="figure">${t.dense_total}</td><td class="figure">${t.speed_up}</td><td></td><td></td><td class="figure">${t.bytes}</td><td></td></tr></tfoot>
</table>
</div>
</%def>\
<%def name="candidate(rows)">\
<div class="scroll" tabindex="0" role="region" aria-label="Choices per site">
<table>
<caption class="unseen">What the search chose for each site</caption>
<thead><tr><th scope="col">Site</th><th scope="col">Filter type</th><th scope="col">Scheme</th><th scope="col" class="figure">Rate</th></tr></thead>
<tbody>
% for site, filter_type, scheme, rate in rows:
<tr><th scope="row">${site}</th><td>${filter_type}</td><td>${scheme}</td><td class="figure">${rate}</td></tr>
% endfor
</tbody>
</table>
</div>
</%def>\
<%def name="replacements(rows)">\
% if rows is None:
<p class="gap">Not recorded.</p>
% elif not rows:
<p>Every operator of the model was friendly already; nothing was replaced.</p>
% else:
<table>
<caption class="unseen">Operators replaced in phase 1</caption>
<thead><tr><th scope="col">Node</th><th scope="col">Was</th><th scope="col">Became</th></tr></thead>
<tbody>
% for node, before, after in rows:
<tr><th scope="row">${node}</th><td>${before}</td><td>${after}</td></tr>
% endfor
</tbody>
</table>
% endif
</%def>\
<%def name="algorithms(rows)">\
% if not rows:
<p class="gap">Not measured.</p>
% else:
<table class="algorithms">
<caption class="unseen">Accuracy of each pruning algorithm</caption>
<thead><tr><th scope="col">Algorithm</th><th scope="col" class="bars"><span class="unseen">Accuracy drawn</span></th><th scope="col" class="figure">Accuracy</th></tr></thead>
<tbody>
% for row in rows:
<tr><th scope="row">${row.name}${" " if row.chosen else ""}\
% if row.chosen:
<span class="tag">chosen</span>\
% endif
</th><td class="bars"><svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"><rect class="bar-track" width="100" height="6" y="3"/><rect class="${"bar-own" if row.chosen else "bar-dense"}" width="${row.bar}" height="6" y="3"/></svg></td><td class="figure">${row.accuracy}</td></tr>
% endfor
</tbody>
</table>
% endif
</%def>\
<%def name="verification(v)">\
${pairs(v.summary)}
% if v.layers:
<details>
<summary>Layer by layer: ${len(v.layers)}</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Verification by layer">
<table>
<caption class="unseen">Verification of each layer</caption>
<thead><tr><th scope="col">Layer</th><th scope="col" class="figure">Relative L2</th><th scope="col">On small integers</th><th scope="col">Verdict</th></tr></thead>
<tbody>
% for name, error, exact, verdict in v.layers:
<tr><th scope="row">${name}</th><td class="figure">${error}</td><td>${exact}</td><td>${verdict}</td></tr>
% endfor
</tbody>
</table>
</div>
</details>
% endif
</%def>\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${style_hash}'; script-src '${script_hash}'; base-uri 'none'; form-action 'none'">
<title>${view.name}: NPAS build report</title>
<style>${style | n}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">NPAS build report</p>
<h1>${view.name}</h1>
<p class="device">${view.subtitle}</p>
<ul class="badges">
% for badge in view.badges:
<li class="${badge.tone}">${badge.text}</li>
% endfor
</ul>
</header>
% if view.unread:
<aside class="notice" aria-label="Files that are not in this report">
<p>Not in this report, because the build folder does not have them whole:</p>
<ul>
% for note in view.unread:
<li>${note}</li>
% endfor
</ul>
</aside>
% endif
<section class="tiles" aria-label="Headline">
% for tile in view.tiles:
<div class="tile"><h2>${tile.title}</h2><p class="${tile.style}">${tile.value}</p>
% for note in tile.notes:
<p class="note">${note}</p>
% endfor
</div>
% endfor
</section>
<section>
<h2>Search</h2>
% if view.search is None:
<p class="gap">No trials are recorded in this folder: not measured.</p>
% else:
${search(view.search)}
% endif
% if view.candidate:
<details>
<summary>What was chosen: ${len(view.candidate)} sites</summary>
${candidate(view.candidate)}
</details>
% endif
</section>
<section>
<h2>Layers</h2>
% if view.layers is None:
<p class="gap">Per-layer times: not measured.</p>
% else:
${layers(view.layers)}
% endif
</section>
<div class="columns">
<section>
<h2>Pruning algorithms</h2>
${algorithms(view.algorithms)}
</section>
<section>
<h2>Replaced operators</h2>
${replacements(view.replacements)}
</section>
</div>
<div class="columns">
<section>
<h2>Verification</h2>
% if view.verify is None:
<p class="gap">Not verified: this folder has no verify.json.</p>
% else:
${verification(view.verify)}
% endif
</section>
<section>
<h2>Environment</h2>
${pairs(view.environment)}
</section>
</div>
% if view.spec is not None:
<section>
<h2>Spec</h2>
<details>
<summary>spec.yaml, as it was built</summary>
<pre class="scroll" tabindex="0">${view.spec}</pre>
</details>
</section>
% endif
<footer><p>Latency is wall time on the device named above. Figures that were not measured say so.</p></footer>
</main>
<script>${script | n}</script>
</body>
</html>
