//! Reads a JSON report as a person would.

use super::doctor::Outcome;
use serde_json::Value;

/// A JSON report.
pub(crate) struct Report(Value);

impl Report {
    /// Reads it, and holds it against the exit code that came with it and against itself.
    pub(crate) fn parse(outcome: &Outcome) -> Self {
        let json: Value = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| {
            panic!(
                "not one JSON document: {error}\n{}\n{}",
                outcome.stdout, outcome.stderr
            )
        });
        assert_eq!(json["exit_code"], outcome.code, "exit_code is not true");
        let report = Report(json);
        for status in ["pass", "warn", "fail", "unknown", "skipped", "waived"] {
            let really = report.checks().iter().filter(|c| c["status"] == status);
            assert_eq!(
                report.0["counts"][status],
                really.count(),
                "counts.{status} is not true"
            );
        }
        report
    }

    fn checks(&self) -> &[Value] {
        self.0["checks"].as_array().expect("checks is a list")
    }

    /// The status of the check `id`.
    pub(crate) fn status(&self, id: &str) -> &str {
        text(&self.check(id)["status"])
    }

    fn check(&self, id: &str) -> &Value {
        let mut checks = self.checks().iter();
        checks
            .find(|check| check["id"] == id)
            .unwrap_or_else(|| panic!("no check {id} in the report"))
    }

    /// Those findings of the check `id` that have this status.
    pub(crate) fn findings(&self, id: &str, status: &str) -> Vec<&Value> {
        let findings = self.check(id)["findings"].as_array();
        let all = findings.expect("findings is a list").iter();
        all.filter(|finding| finding["status"] == status).collect()
    }

    /// The status of the verdict on `tcp` or `unix`.
    pub(crate) fn verdict(&self, kind: &str) -> &str {
        text(&self.0["verdict"][kind]["status"])
    }

    /// How many TCP and unix listeners the observer's own namespace has.
    pub(crate) fn own_listeners(&self) -> [&Value; 2] {
        let mut namespaces = self.0["namespaces"].as_array().expect("a list").iter();
        let own = namespaces.find(|namespace| namespace["own"] == true);
        let own = own.expect("the own namespace is always seen");
        [&own["tcp_listeners"], &own["unix_listeners"]]
    }

    /// The status of one step of the walk to the verdict on `tcp` or `unix`.
    pub(crate) fn step(&self, kind: &str, name: &str) -> &str {
        let steps = self.0["verdict"][kind]["steps"].as_array();
        let mut steps = steps.expect("steps is a list").iter();
        let step = steps
            .find(|step| step["name"] == name)
            .unwrap_or_else(|| panic!("no step {name} in the walk"));
        text(&step["status"])
    }

    /// One part of the report: `environment`, `namespaces`.
    pub(crate) fn part(&self, key: &str) -> &Value {
        &self.0[key]
    }

    /// Whether these words stand anywhere in the report.
    pub(crate) fn says(&self, words: &str) -> bool {
        says(&self.0, words)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a status is a word")
}

/// Whether these words stand in any text of `value`.
pub(crate) fn says(value: &Value, words: &str) -> bool {
    match value {
        Value::String(text) => text.contains(words),
        Value::Array(values) => values.iter().any(|value| says(value, words)),
        Value::Object(fields) => fields.values().any(|value| says(value, words)),
        _ => false,
    }
}
