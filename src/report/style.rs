//! Colours: whether there are any, and which. The only file that names `colored`.

use super::environment::Environment;
use colored::Colorize;
use ratatui::style::Style as Cell;

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Even in a pipe.
    Always,
    /// Not at all.
    Never,
}

/// What a piece of text is, which decides its colour. No colour says anything that a word
/// beside it does not say too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is well.
    Good,
    /// It deserves attention.
    Warn,
    /// It is broken.
    Bad,
    /// It could not be decided.
    Unsure,
    /// What the eye should find.
    Strong,
    /// What the eye may pass over.
    Faint,
}

/// Paints text, or leaves it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    color: bool,
}

impl Style {
    /// No colours.
    #[cfg(test)]
    pub(crate) const PLAIN: Style = Style { color: false };

    /// Decides once for a stream. `colored` looks at stdout and at its own idea of the
    /// environment, so what it would decide is overruled.
    pub(crate) fn decide(
        choice: ColorChoice,
        is_terminal: bool,
        environment: &Environment,
    ) -> Self {
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => automatic(is_terminal, environment),
        };
        if color {
            colored::control::set_override(true);
        }
        Style { color }
    }

    /// `text` in the colour of `tone`.
    pub(crate) fn paint(self, text: &str, tone: Tone) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        match tone {
            Tone::Good => text.green().bold(),
            Tone::Warn => text.yellow().bold(),
            Tone::Bad => text.red().bold(),
            Tone::Unsure => text.magenta().bold(),
            Tone::Strong => text.bold(),
            Tone::Faint => text.dimmed(),
        }
        .to_string()
    }

    /// The same for a cell of a screen.
    pub(crate) fn cell(self, tone: Tone) -> Cell {
        let cell = Cell::new();
        if !self.color {
            return cell;
        }
        match tone {
            Tone::Good => cell.green().bold(),
            Tone::Warn => cell.yellow().bold(),
            Tone::Bad => cell.red().bold(),
            Tone::Unsure => cell.magenta().bold(),
            Tone::Strong => cell.bold(),
            Tone::Faint => cell.dim(),
        }
    }
}

/// <https://no-color.org> comes first, <https://bixense.com/clicolors> after it.
fn automatic(is_terminal: bool, environment: &Environment) -> bool {
    let set = |name| environment.get(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let refused = set("CLICOLOR").is_some_and(|value| value == "0")
        || set("TERM").is_some_and(|value| value == "dumb");
    is_terminal && !refused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colours(variables: &[(&'static str, &str)], is_terminal: bool) -> bool {
        let environment = Environment::of(variables);
        Style::decide(ColorChoice::Auto, is_terminal, &environment).color
    }

    #[test]
    fn a_terminal_has_colours_and_a_pipe_has_none() {
        assert!(colours(&[], true));
        assert!(!colours(&[], false));
    }

    #[test]
    fn no_color_wins_over_clicolor_force() {
        assert!(!colours(
            &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
            true
        ));
    }

    #[test]
    fn an_empty_no_color_says_nothing() {
        assert!(colours(&[("NO_COLOR", "")], true));
    }

    #[test]
    fn clicolor_force_paints_a_pipe() {
        assert!(colours(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!colours(&[("CLICOLOR_FORCE", "0")], false));
    }

    #[test]
    fn clicolor_zero_and_a_dumb_terminal_are_plain() {
        assert!(!colours(&[("CLICOLOR", "0")], true));
        assert!(!colours(&[("TERM", "dumb")], true));
    }

    #[test]
    fn the_option_wins_over_the_environment() {
        let environment = Environment::of(&[("NO_COLOR", "1")]);
        let style = Style::decide(ColorChoice::Always, false, &environment);
        assert_eq!(style.paint("FAIL", Tone::Bad), "\x1b[1;31mFAIL\x1b[0m");
        assert_eq!(
            Style::decide(ColorChoice::Never, true, &environment).paint("FAIL", Tone::Bad),
            "FAIL"
        );
    }
}
