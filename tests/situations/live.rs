//! The live view of a watch, and the table of listeners, in a terminal.

use crate::support::netns::Namespace;
use crate::support::sockets::{FullListener, tcp_listener};
use crate::support::terminal::Terminal;
use rustix::process::Signal;
use std::os::unix::process::ExitStatusExt;

const PROGRAM: &str = env!("CARGO_BIN_EXE_sockdoctor");
const SIZE: (u16, u16) = (30, 120);

fn watch(namespace: &Namespace, environment: &[(&str, &str)]) -> Terminal {
    // One reading: what changes on the screen after it has another reason.
    let arguments = ["watch", "--interval", "1h", "--netns", &namespace.name];
    let mut terminal = Terminal::run(SIZE, PROGRAM, &arguments, environment);
    terminal.until("the events", has_events);
    terminal
}

fn leave_by(end: impl FnOnce(&Terminal), code: i32, namespace: &Namespace) {
    let mut terminal = watch(namespace, &[]);
    end(&terminal);
    let status = terminal.left_as_found();
    assert_eq!(status.code(), Some(code));
    let shown = terminal.screen().contents();
    assert!(shown.contains("ended"), "{shown}");
}

#[test]
fn however_it_ends_the_terminal_is_left_as_it_was_found() {
    let namespace = Namespace::new();
    leave_by(|terminal| terminal.press("q"), 0, &namespace);
    leave_by(|terminal| terminal.press("\x03"), 0, &namespace);
    leave_by(|terminal| terminal.signal(Signal::TERM), 0, &namespace);
    leave_by(|terminal| terminal.signal(Signal::INT), 0, &namespace);
}

#[test]
fn where_the_terminal_takes_nothing_any_more_a_second_signal_ends_it() {
    let mut terminal = watch(&Namespace::new(), &[]);
    let status = terminal.end_while_it_stands_still(&[Signal::TERM, Signal::TERM]);
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
}

/// A shell with a watch in its foreground, which goes on at Enter.
fn watch_of_a_shell(namespace: &Namespace) -> Terminal {
    let script = "set -m; \"$0\" \"$@\"; echo stopped; read -r; fg > /dev/null";
    let arguments = ["-c", script, PROGRAM, "watch", "--interval", "1h"];
    let arguments = [&arguments[..], &["--netns", &namespace.name]].concat();
    let mut terminal = Terminal::run(SIZE, "bash", &arguments, &[]);
    terminal.until("the events", has_events);
    terminal
}

fn has_events(screen: &vt100::Screen) -> bool {
    screen.alternate_screen() && screen.contents().contains("events")
}

#[test]
fn a_stop_leaves_the_terminal_as_it_was_found_and_fg_takes_it_again() {
    let namespace = Namespace::new();
    let by_key = |terminal: &Terminal| terminal.press("\x1a");
    let by_signal = |terminal: &Terminal| terminal.signal_foreground(Signal::TSTP);
    for stop in [&by_key as &dyn Fn(&Terminal), &by_signal] {
        let mut terminal = watch_of_a_shell(&namespace);
        stop(&terminal);
        terminal.until("the shell", |screen| screen.contents().contains("stopped"));
        terminal.is_as_found();
        terminal.press("\n");
        terminal.until("the events again", has_events);
        terminal.press("q");
        assert_eq!(terminal.left_as_found().code(), Some(0));
    }
}

/// No program can catch SIGSTOP, so it left the terminal as it was, and the shell set its own
/// modes.
#[test]
fn after_a_stop_that_it_could_not_catch_it_takes_the_terminal_again() {
    let namespace = Namespace::new();
    let mut terminal = watch_of_a_shell(&namespace);
    terminal.signal_foreground(Signal::STOP);
    terminal.until("the shell", |screen| screen.contents().contains("stopped"));
    terminal.set_found_modes();
    terminal.press("\n");
    terminal.until("all drawn again", |screen| {
        has_events(screen) && !screen.contents().contains("stopped")
    });
    terminal.press("q");
    assert_eq!(terminal.left_as_found().code(), Some(0));
}

/// Nobody could let it go on.
#[test]
fn without_a_shell_it_goes_on() {
    let namespace = Namespace::new();
    leave_by(
        |terminal| {
            terminal.press("\x1a");
            terminal.press("q");
        },
        0,
        &namespace,
    );
}

#[test]
fn a_terminal_that_is_gone_ends_it_in_order() {
    let namespace = Namespace::new();
    let status = watch(&namespace, &[]).hang_up();
    assert_eq!(status.code(), Some(2), "{status}");
}

#[test]
fn a_full_queue_is_on_the_screen_and_in_the_exit_code() {
    let namespace = Namespace::new();
    let full = namespace.inside(|| FullListener::new(1));
    let mut terminal = watch(&namespace, &[]);
    let row = terminal.screen().rows(0, SIZE.1).nth(2).expect("a row");
    assert!(row.contains(&full.address.to_string()), "{row}");
    assert!(row.contains("2/1"), "{row}");
    assert!(row.contains(&std::process::id().to_string()), "{row}");
    terminal.press("q");
    assert_eq!(terminal.left_as_found().code(), Some(1));
}

#[test]
fn it_survives_another_size_of_the_terminal() {
    let namespace = Namespace::new();
    let mut terminal = watch(&namespace, &[]);
    for (lines, columns, heading) in [(12, 60, 8), (40, 200, 28), (3, 10, 2)] {
        terminal.resize(lines, columns);
        terminal.until("the events in their new place", |screen| {
            let row = screen.rows(0, columns).nth(heading);
            row.is_some_and(|row| row.starts_with("no events"))
        });
    }
    terminal.press("q");
    terminal.left_as_found();
}

#[test]
fn no_color_holds_on_the_screen() {
    let namespace = Namespace::new();
    let _full = namespace.inside(|| FullListener::new(1));
    let painted = |environment| {
        let mut terminal = watch(&namespace, environment);
        let screen = terminal.screen();
        let cells = (0..SIZE.0).flat_map(|row| (0..SIZE.1).map(move |column| (row, column)));
        let mut cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        let painted = cells.any(|cell| cell.fgcolor() != vt100::Color::Default);
        terminal.press("q");
        terminal.left_as_found();
        painted
    };
    assert!(painted(&[]), "no colours on a terminal");
    assert!(
        !painted(&[("NO_COLOR", "1")]),
        "colours in spite of NO_COLOR"
    );
}

#[test]
fn a_dumb_terminal_gets_lines() {
    let namespace = Namespace::new();
    let arguments = ["watch", "--count=1", "--netns", &namespace.name];
    let mut terminal = Terminal::run(SIZE, PROGRAM, &arguments, &[("TERM", "dumb")]);
    assert_eq!(terminal.left_as_found().code(), Some(0));
    let shown = terminal.screen().contents();
    assert!(
        shown.contains("watching") && shown.contains("ended"),
        "{shown}"
    );
}

/// Nothing is left to the terminal to break, and every number of a row is in it.
#[test]
fn the_table_of_listeners_fits_the_terminal() {
    let [web, other] = [0; 2].map(|_| Namespace::new());
    let full = web.inside(|| FullListener::new(1));
    let (_idle, idle) = other.inside(|| tcp_listener(128));
    let namespaces = ["--netns", &web.name, "--netns", &other.name];
    let arguments = [&["listeners"][..], &namespaces].concat();
    for columns in [60, 80, 120, 200] {
        let mut terminal = Terminal::run((60, columns), PROGRAM, &arguments, &[]);
        assert_eq!(terminal.left_as_found().code(), Some(0));
        let screen = terminal.screen();
        let shown = screen.contents();
        assert!(!(0..60).any(|row| screen.row_wrapped(row)), "{shown}");
        let row = |address: String| {
            let rows = screen.rows(0, columns);
            let row = rows.into_iter().find(|row| row.contains(&address));
            row.unwrap_or_else(|| panic!("no {address} at {columns}:\n{shown}"))
        };
        let numbers = row(full.address.to_string());
        assert!(numbers.contains(" 2        1 "), "{columns}: {numbers}");
        assert!(row(idle.to_string()).contains(" 0      128 "), "{shown}");
        for name in [&web.name, &other.name] {
            assert!(shown.contains(name.as_str()), "{columns}:\n{shown}");
        }
    }
}
