//! Problems with schemas as findings.

use super::context::Context;
use super::finding::{Findings, Found, HelmLine};
use super::schema::Problem;

/// What Helm says about schemas: in its check of the values, then in that of the templates.
pub(super) fn report(cx: &Context<'_>, invalid_schemas: bool, out: &mut Findings<'_>) {
    let checks = [
        (17, "values.yaml", &cx.schemas.values),
        (22, "templates/", &cx.schemas.charts),
    ];
    for (order, path, problems) in checks {
        for problem in problems {
            if problem.is_invalid_schema != invalid_schemas {
                continue;
            }
            let file = if invalid_schemas {
                "values.schema.json"
            } else {
                "values.yaml"
            };
            let found = out.add(file, problem.message.as_str());
            at_places(found, problem);
            found.helm.push(HelmLine {
                order,
                turn: 0,
                path: path.to_owned(),
                text: problem.helm.clone(),
                chart: Some(problem.chart.clone()),
            });
        }
    }
}

/// The values first, then the schema.
pub(super) fn at_places(found: &mut Found, problem: &Problem) {
    for (file, span) in &problem.places {
        found.label(*file, *span, "");
    }
    let (file, span) = problem.schema;
    if problem.places != [problem.schema] {
        found.label(file, span, "the schema says so here");
    }
}
