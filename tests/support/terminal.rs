//! A terminal of a test's own: a program in it, what it shows, and the modes that it is in.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{
    Action, OptionalActions, Termios, Winsize, tcflow, tcgetattr, tcgetpgrp, tcsetattr,
    tcsetwinsize,
};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// The limit only turns a test that would never end into one that fails.
const LIMIT: Timespec = Timespec {
    tv_sec: 60,
    tv_nsec: 0,
};
const AT_ONCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// A terminal with a program in it.
pub(crate) struct Terminal {
    keyboard_and_screen: OwnedFd,
    line: OwnedFd,
    found: Termios,
    parser: vt100::Parser,
    child: Child,
}

impl Terminal {
    /// Runs `program` with these arguments in a terminal with so many lines and columns.
    pub(crate) fn run(
        (lines, columns): (u16, u16),
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).expect("a pseudo-terminal");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let line = open(name.as_c_str(), flags, Mode::empty()).expect("its other end");
        tcsetwinsize(&line, size(lines, columns)).expect("its size");
        let found = tcgetattr(&line).expect("its modes");
        let end = || line.try_clone().expect("a descriptor");
        // Whoever started the tests may have had SIGHUP ignored, as nohup does.
        let child = Command::new("setsid")
            .args(["--ctty", "env", "--default-signal", program])
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .envs(environment.iter().copied())
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("setsid runs");
        Terminal {
            keyboard_and_screen: master,
            found,
            parser: vt100::Parser::new(nonzero(lines), nonzero(columns), 0),
            child,
            line,
        }
    }

    /// Waits until the screen is as `expected`.
    pub(crate) fn until(&mut self, what: &str, expected: impl Fn(&vt100::Screen) -> bool) {
        while !expected(self.screen()) {
            let shown = self.take(&LIMIT);
            assert!(shown, "never shown: {what}\n{}", self.screen().contents());
        }
    }

    /// What it shows.
    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Presses keys.
    pub(crate) fn press(&self, keys: &str) {
        rustix::io::write(&self.keyboard_and_screen, keys.as_bytes()).expect("keys");
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Sends a signal to the program in the foreground, where a shell has put one there.
    pub(crate) fn signal_foreground(&self, signal: Signal) {
        let foreground = tcgetpgrp(&self.keyboard_and_screen).expect("a foreground");
        kill_process(foreground, signal).expect("a signal");
    }

    /// Sets the modes that it was found in.
    pub(crate) fn set_found_modes(&self) {
        tcsetattr(&self.line, OptionalActions::Now, &self.found).expect("its modes");
    }

    /// Closes it under the program, as a connection that breaks does, and waits for its end.
    pub(crate) fn hang_up(&mut self) -> ExitStatus {
        let flags = OFlags::RDWR | OFlags::CLOEXEC;
        let nothing = open("/dev/null", flags, Mode::empty()).expect("/dev/null");
        self.keyboard_and_screen = nothing;
        self.child.wait().expect("its end")
    }

    /// The terminal takes no output any more, until it is told to go on. The end of a process that
    /// does not wait for that.
    pub(crate) fn end_while_it_stands_still(&mut self, signals: &[Signal]) -> ExitStatus {
        tcflow(&self.line, Action::OOff).expect("it stands still");
        for signal in signals {
            self.signal(*signal);
            std::thread::sleep(Duration::from_millis(300));
        }
        let ended = self.child.try_wait().expect("its end");
        tcflow(&self.line, Action::OOn).expect("it goes on");
        ended.expect("it has ended")
    }

    /// Gives it another size; the kernel tells the program.
    pub(crate) fn resize(&mut self, lines: u16, columns: u16) {
        self.parser
            .screen_mut()
            .set_size(nonzero(lines), nonzero(columns));
        tcsetwinsize(&self.line, size(lines, columns)).expect("another size");
    }

    /// Waits for the program to end, and holds that the terminal is as it was found.
    pub(crate) fn left_as_found(&mut self) -> ExitStatus {
        let started = Instant::now();
        // What it writes must be taken, or it could not end.
        let status = loop {
            self.take(&AT_ONCE);
            if let Some(status) = self.child.try_wait().expect("its end") {
                break status;
            }
            let shown = || self.screen().contents();
            let is_late = started.elapsed().as_secs() >= LIMIT.tv_sec.cast_unsigned();
            assert!(!is_late, "it does not end\n{}", shown());
            std::thread::yield_now();
        };
        while self.take(&AT_ONCE) {}
        self.is_as_found();
        status
    }

    /// Holds that the terminal is as it was found.
    pub(crate) fn is_as_found(&self) {
        assert!(!self.screen().alternate_screen(), "the alternate screen");
        assert!(!self.screen().hide_cursor(), "the cursor is hidden");
        let now = tcgetattr(&self.line).expect("its modes");
        assert_eq!(format!("{now:?}"), format!("{:?}", self.found));
    }

    /// Takes what was written. False when nothing came in time.
    fn take(&mut self, limit: &Timespec) -> bool {
        let mut polled = [PollFd::new(&self.keyboard_and_screen, PollFlags::IN)];
        if poll(&mut polled, Some(limit)).expect("poll") == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        let length = rustix::io::read(&self.keyboard_and_screen, &mut bytes).expect("the screen");
        self.parser.process(&bytes[..length]);
        true
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nonzero(length: u16) -> NonZero<u16> {
    NonZero::new(length).expect("a length")
}

fn size(lines: u16, columns: u16) -> Winsize {
    Winsize {
        ws_row: lines,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    }
}
