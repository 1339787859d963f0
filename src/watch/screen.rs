//! The terminal, and that it is left as it was found.

use crate::runner;
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::{DefaultTerminal, Frame};
use std::io;
use std::mem::ManuallyDrop;

/// The terminal, taken over: raw mode, the alternate screen, no cursor. However this is
/// dropped, also by a panic, all of that is taken back.
#[derive(Debug)]
pub(super) struct Screen {
    /// Never dropped: its own drop complains on stderr when it cannot show the cursor, and panics
    /// where stderr was the same terminal and is gone.
    terminal: ManuallyDrop<DefaultTerminal>,
}

impl Screen {
    /// Takes over the terminal of this process.
    pub(super) fn open() -> io::Result<Self> {
        // It hangs itself before the panic hook, so that a panic is told on the screen where it
        // can be read.
        let opened = ratatui::try_init();
        // A probe's panic is told by an event, and must not take the screen away.
        runner::tell_panics_in_the_report();
        match opened {
            Ok(terminal) => Ok(Screen {
                terminal: ManuallyDrop::new(terminal),
            }),
            Err(error) => {
                ratatui::restore();
                Err(error)
            }
        }
    }

    /// How many lines it has.
    pub(super) fn height(&self) -> u16 {
        self.terminal.size().map_or(0, |size| size.height)
    }

    /// Leaves the terminal as it was found.
    pub(super) fn give_back(&mut self) {
        // Where the terminal is gone there is nothing to restore, and nobody to tell.
        let _ = self.terminal.show_cursor();
        let _ = ratatui::try_restore();
    }

    /// Takes over the terminal again, whatever was done with it meanwhile. Whoever stops a
    /// process gives it no time to give the terminal back: raw mode may only seem to be on.
    pub(super) fn take_back(&mut self) -> io::Result<()> {
        disable_raw_mode()?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Clear(ClearType::All))?;
        // Nothing counts as drawn any more. `clear` would ask the terminal where its cursor is, and
        // fail where it does not say.
        self.terminal.swap_buffers();
        Ok(())
    }

    /// Draws what has changed.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(draw).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

#[cfg(test)]
#[allow(dead_code)] // what a test of a panic needs is only the end
#[path = "../../tests/support/terminal.rs"]
mod terminal;

#[cfg(test)]
mod tests {
    use super::Screen;
    use super::terminal::Terminal;

    const CHILD: &str = "watch::screen::tests::panics_on_the_screen";

    #[test]
    #[ignore = "the next test runs it, in a terminal of its own"]
    fn panics_on_the_screen() {
        let mut screen = Screen::open().expect("a terminal");
        screen.draw(|_| ()).expect("a screen");
        std::panic::panic_any("boom");
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was_found_and_can_be_read() {
        let program = std::env::current_exe().expect("this program");
        let program = program.to_str().expect("its path");
        let arguments = ["--ignored", "--nocapture", "--exact", CHILD];
        let mut terminal = Terminal::run((30, 100), program, &arguments, &[]);
        assert!(!terminal.left_as_found().success());
        let shown = terminal.screen().contents();
        assert!(shown.contains("panicked at"), "{shown}");
        assert!(shown.contains("src/watch/screen.rs"), "{shown}");
    }
}
