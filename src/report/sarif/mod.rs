//! SARIF 2.1.0, for code scanning and the programs that collect such logs. Its types hold no
//! more of the standard than is said here; a test holds the output against the standard's schema.

mod fingerprint;
mod log;
mod message;
mod place;
mod result;

use super::Report;
use super::json::{observed_at, pretty};
use fingerprint::Fingerprints;
use log::{BaseUri, Driver, Invocation, Log, Properties, Rule, Run, Tags, Tool};
use message::Message;
use sockdoctor_checks::CATALOGUE;
use sockdoctor_checks::check::Check;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The report as one SARIF log.
pub(crate) fn render(report: &Report<'_>) -> String {
    pretty(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run(report)],
    })
}

fn run<'a>(report: &'a Report<'_>) -> Run<'a> {
    let facts = report.facts;
    let results = report.diagnosis.results.iter();
    let mut fingerprints = Fingerprints::default();
    Run {
        tool: Tool {
            driver: Driver {
                name: env!("CARGO_PKG_NAME"),
                semantic_version: env!("CARGO_PKG_VERSION"),
                // All of them, so that a check that found nothing can be told from one that is
                // not there.
                rules: CATALOGUE.iter().copied().map(rule).collect(),
            },
        },
        invocations: [Invocation {
            execution_successful: true,
            exit_code: report.exit.code(),
        }],
        original_uri_base_ids: [(place::ROOT, BaseUri { uri: "file:///" })].into(),
        results: results
            .flat_map(|result| result::of_check(result, &mut fingerprints))
            .collect(),
        properties: Properties {
            hostname: facts.machine.hostname.value().map(String::as_str),
            kernel: facts.kernel.release.value().map(String::as_str),
            observed_at: observed_at(facts),
            policy: report.applied.map(|applied| applied.path.as_str()),
        },
    }
}

fn rule(check: &Check) -> Rule<'_> {
    Rule {
        id: check.id,
        short_description: Message::written(check.title),
        full_description: Message::written(first_paragraph(check.explain)),
        help: Message::markdown(check.explain),
        properties: Tags {
            tags: [check.group.name()],
        },
    }
}

/// What stands under the heading of a page.
fn first_paragraph(page: &str) -> &str {
    let mut paragraphs = page.split("\n\n");
    paragraphs
        .find(|paragraph| !paragraph.starts_with('#'))
        .unwrap_or(page)
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_in_a_few_words_what_it_is_about() {
        for check in CATALOGUE {
            let words = first_paragraph(check.explain);
            // GitHub cuts the full description there.
            assert!((20..1024).contains(&words.len()), "{}: {words}", check.id);
            assert!(!words.contains('#'), "{}: {words}", check.id);
        }
    }
}
