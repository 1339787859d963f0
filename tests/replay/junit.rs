//! JUnit reports, read by a strict parser of XML.

use crate::hostile::hostile;
use crate::machines::{self, Machine, machine};
use crate::replay;
use roxmltree::{Document, Node};

fn junit(machine: &Machine, options: &[&str]) -> String {
    replay(machine, &[&["--format=junit"], options].concat(), &[])
}

fn cases<'a>(document: &'a Document<'_>) -> impl Iterator<Item = Node<'a, 'a>> {
    let nodes = document.root_element().descendants();
    nodes.filter(|node| node.has_tag_name("testcase"))
}

fn case<'a>(document: &'a Document<'_>, name: &str) -> Node<'a, 'a> {
    let found = cases(document).find(|case| case.attribute("name") == Some(name));
    found.unwrap_or_else(|| panic!("no case {name}"))
}

/// The element that says how a case went, if any does.
fn outcome<'a>(case: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
    case.first_element_child()
}

fn low_somaxconn() -> Machine {
    let machines = machines::all().into_iter();
    let mut low = machines.filter(|machine| machine.name == "somaxconn-low-in-container");
    low.next().expect("such a machine")
}

#[test]
fn every_report_is_one_document_with_a_declaration() {
    for machine in machines::all().iter().chain([&hostile()]) {
        let text = junit(machine, &[]);
        assert!(
            text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
            "{text}"
        );
        let document = Document::parse(&text).expect(machine.name);
        let root = document.root_element();
        let count = |name| root.attribute(name).and_then(|number| number.parse().ok());
        assert_eq!(count("tests"), Some(cases(&document).count()));
        let failures = cases(&document)
            .filter_map(outcome)
            .filter(|outcome| outcome.has_tag_name("failure"));
        assert_eq!(count("failures"), Some(failures.count()));
    }
}

#[test]
fn a_failure_has_its_evidence_and_remedy() {
    let blocked = machine("blocked", machines::tcp_diag_blocked);
    let text = junit(&blocked, &[]);
    let document = Document::parse(&text).expect("XML");
    let failure = outcome(case(&document, "tcp-diag")).expect("a failure");
    assert!(failure.has_tag_name("failure"));
    let text = failure.text().expect("a description");
    assert!(text.contains("seen: /etc/modprobe.d/cis.conf:14: install tcp_diag /bin/true"));
    assert!(text.contains("now: modprobe tcp_diag"));
}

#[test]
fn a_pass_beside_failures_says_of_what_it_is() {
    let full = machine("full", machines::accept_queue_full);
    let text = junit(&full, &[]);
    let document = Document::parse(&text).expect("XML");
    let said = outcome(case(&document, "accept-queue on the host")).expect("what passed");
    assert!(said.has_tag_name("system-out"), "{text}");
    let said = said.text().expect("what passed");
    assert_eq!(said, "no accept queue of a unix listener is full");
}

#[test]
fn what_could_not_be_decided_is_skipped_with_the_reason() {
    let mut machines = machines::all().into_iter();
    let nobody = machines.find(|machine| machine.name == "as-nobody");
    let text = junit(&nobody.expect("such a machine"), &["--fail-on=unknown"]);
    let document = Document::parse(&text).expect("XML");
    let skipped = outcome(case(&document, "somaxconn in web")).expect("skipped");
    assert!(skipped.has_tag_name("skipped"));
    let message = skipped.attribute("message").expect("a message");
    assert!(message.starts_with("undecided: "), "{message}");
    assert!(skipped.text().expect("a reason").contains("needs root"));
}

#[test]
fn a_warning_fails_where_the_exit_code_tells_it_and_speaks_where_it_does_not() {
    for (options, expected) in [
        (&[][..], "system-out"),
        (&["--fail-on=warn"], "failure"),
        (&["--fail-on=unknown"], "failure"),
        (&["--fail-on=never"], "system-out"),
    ] {
        let text = junit(&low_somaxconn(), options);
        let document = Document::parse(&text).expect("XML");
        let outcome = outcome(case(&document, "somaxconn in web")).expect("an outcome");
        assert!(outcome.has_tag_name(expected), "{options:?}: {text}");
        let host = case(&document, "somaxconn on the host");
        let host = host.first_element_child().expect("what passed");
        assert!(outcome.is_element() && host.has_tag_name("system-out"));
    }
}

#[test]
fn hostile_names_are_there_but_harmless() {
    let text = junit(&hostile(), &[]);
    let harmful = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!text.contains(harmful), "{text:?}");
    let document = Document::parse(&text).expect("XML");
    let name = r"somaxconn in \x1b[2J\x07\nPASS  all is well\r\u{202e}";
    case(&document, name);
}
