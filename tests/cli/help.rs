//! What the program says about itself.

use crate::program::{program, run};

#[test]
fn help_fits_a_terminal_and_names_the_exit_codes() {
    let help = run(&mut program(&["--help"]));
    assert_eq!(help.code, Some(0));
    assert_eq!(help.stderr, "");
    for expected in ["Examples:", "Exit codes:", "--passive", "explain"] {
        assert!(
            help.stdout.contains(expected),
            "{expected}: {}",
            help.stdout
        );
    }
    assert_fits(&help.stdout);
}

fn assert_fits(help: &str) {
    let too_wide: Vec<&str> = help
        .lines()
        .filter(|line| line.chars().count() > 80)
        .collect();
    assert!(too_wide.is_empty(), "{too_wide:#?}");
}

#[test]
fn the_help_of_listeners_says_that_it_is_no_gate() {
    let help = run(&mut program(&["listeners", "--help"]));
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
    for expected in ["no gate", "Exit codes:", "--sort", "--unix"] {
        assert!(
            help.stdout.contains(expected),
            "{expected}: {}",
            help.stdout
        );
    }
    assert_fits(&help.stdout);
}

#[test]
fn the_version_is_one_line() {
    let version = run(&mut program(&["-V"]));
    let expected = concat!("sockdoctor ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((version.code, version.stdout.as_str()), (Some(0), expected));
}

#[test]
fn the_list_has_every_check_on_a_line() {
    let list = run(&mut program(&["list"]));
    assert_eq!(list.code, Some(0));
    for check in sockdoctor_checks::CATALOGUE {
        let lines = list.stdout.lines();
        let found = lines.filter(|line| line.split(' ').next() == Some(check.id));
        assert_eq!(found.count(), 1, "{}", check.id);
    }
}

#[test]
fn the_list_is_json_when_asked() {
    let list = run(&mut program(&["list", "--format=json"]));
    let entries: Vec<serde_json::Value> = serde_json::from_str(&list.stdout).expect("a JSON array");
    let ids: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry["id"].as_str())
        .collect();
    let expected: Vec<_> = sockdoctor_checks::CATALOGUE
        .iter()
        .map(|check| check.id)
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn every_check_can_be_explained() {
    for check in sockdoctor_checks::CATALOGUE {
        let page = run(&mut program(&["explain", check.id]));
        assert_eq!(page.code, Some(0), "{}", check.id);
        assert!(page.stdout.contains(check.title), "{}", page.stdout);
    }
}

#[test]
fn the_catalogue_for_the_readme_has_a_row_for_every_check() {
    let table = run(&mut program(&["generate", "catalogue"]));
    let rows = table.stdout.lines().skip(2);
    assert_eq!(rows.count(), sockdoctor_checks::CATALOGUE.len());
}
