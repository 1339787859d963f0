//! A page of text. The only way to put a machine's text before a reader: everything that
//! passes through here is escaped, wrapped and, where that is wanted, coloured.

use super::environment::Environment;
use super::escape::{Charset, escape};
use super::style::{ColorChoice, Style, Tone};
use std::borrow::Cow;
use textwrap::{Options, WordSplitter};

/// How a page looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Columns of running text.
    pub width: usize,
    /// Columns of the terminal, where it goes to one: what a table may take.
    pub screen: Option<usize>,
    /// What can be shown.
    pub charset: Charset,
    /// The colours.
    pub style: Style,
}

impl Look {
    /// The look that suits stdout.
    pub(crate) fn of_stdout(choice: ColorChoice) -> Self {
        let stdout = std::io::stdout();
        let environment = Environment::here();
        let is_terminal = std::io::IsTerminal::is_terminal(&stdout);
        let terminal = terminal_size::terminal_size_of(&stdout);
        let terminal = terminal.map(|(width, _)| usize::from(width.0));
        Look {
            width: environment.width(terminal),
            screen: is_terminal.then(|| environment.columns(terminal)),
            charset: environment.charset(),
            style: Style::decide(choice, is_terminal, &environment),
        }
    }

    /// Adds text that is escaped to `line`, in this tone.
    fn paint(self, line: &mut String, escaped: &str, tone: Option<Tone>) {
        match tone {
            Some(tone) => *line += &self.style.paint(escaped, tone),
            None => *line += escaped,
        }
    }
}

/// A page under way.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    text: String,
}

/// The beginning of a line: escaped and painted, with its width in columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lead {
    painted: String,
    width: usize,
}

/// A part of a line of a table: text between so many blanks, which are not painted.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// Blanks before it.
    pub before: usize,
    /// What the machine or this program says.
    pub text: Cow<'a, str>,
    /// In which colour.
    pub tone: Option<Tone>,
    /// Blanks behind it.
    pub after: usize,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(look: Look) -> Self {
        Page {
            look,
            text: String::new(),
        }
    }

    /// What can be shown.
    pub(crate) fn charset(&self) -> Charset {
        self.look.charset
    }

    /// The beginning of a line, made of these pieces.
    pub(crate) fn lead(&self, pieces: &[(&str, Option<Tone>)]) -> Lead {
        let mut lead = Lead::default();
        for &(text, tone) in pieces {
            let text = escape(text, self.look.charset);
            lead.width += textwrap::core::display_width(&text);
            self.look.paint(&mut lead.painted, &text, tone);
        }
        lead
    }

    /// `lead` and then `text`, wrapped. Further lines begin in the column where `text` began.
    pub(crate) fn entry(&mut self, lead: &Lead, text: &str) {
        let hang = " ".repeat(lead.width);
        self.wrap(lead, &hang, text);
    }

    /// `lead` and then `text`, wrapped. Further lines begin with `hang`, which is not escaped.
    pub(crate) fn wrap(&mut self, lead: &Lead, hang: &str, text: &str) {
        if text.is_empty() {
            // textwrap would leave out the indent of a line without words.
            return self.unbroken(lead, text);
        }
        let text = escape(text, self.look.charset);
        self.put(lead, hang, &text);
    }

    /// `lead` and then pieces with `·` between them, wrapped between pieces only.
    pub(crate) fn row(&mut self, lead: &Lead, hang: &str, pieces: &[String]) {
        let glued: Vec<String> = pieces
            .iter()
            .map(|piece| escape(piece, self.look.charset).replace(' ', "\u{a0}"))
            .collect();
        // The dot stays with what is before it, and so begins no line.
        let dot = format!("\u{a0}{} ", escape("·", self.look.charset));
        let start = self.text.len();
        self.put(lead, hang, &glued.join(&dot));
        let row = self.text.split_off(start).replace('\u{a0}', " ");
        self.text += &row;
    }

    fn put(&mut self, lead: &Lead, hang: &str, text: &str) {
        let options = Options::new(self.look.width)
            .initial_indent(&lead.painted)
            .subsequent_indent(hang)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        for line in textwrap::wrap(text, options) {
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }

    /// `lead` and then `text` on one line, however long: a command that is broken in two runs
    /// in two halves when it is pasted.
    pub(crate) fn unbroken(&mut self, lead: &Lead, text: &str) {
        let line = format!("{}{}", lead.painted, escape(text, self.look.charset));
        self.text += line.trim_end();
        self.text.push('\n');
    }

    /// A line of a table, however long. Blanks are put before what follows them, so that none are
    /// at its end.
    pub(crate) fn line<'a>(&mut self, pieces: impl Iterator<Item = Piece<'a>>) {
        let mut blanks = 0;
        for piece in pieces {
            blanks += piece.before;
            if !piece.text.is_empty() {
                self.blanks(blanks);
                let text = escape(&piece.text, self.look.charset);
                self.look.paint(&mut self.text, &text, piece.tone);
                blanks = 0;
            }
            blanks += piece.after;
        }
        self.text.push('\n');
    }

    fn blanks(&mut self, number: usize) {
        const SOME: &str = "                                        ";
        match SOME.get(..number) {
            Some(blanks) => self.text += blanks,
            None => self.text += &" ".repeat(number),
        }
    }

    /// An empty line between two blocks, never two and never at the top.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.text
    }
}

/// A look for tests: no colours.
#[cfg(test)]
pub(super) const fn plain(width: usize, charset: Charset) -> Look {
    Look {
        width,
        screen: None,
        charset,
        style: Style::PLAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn further_lines_hang_under_the_first() {
        let mut page = Page::new(plain(20, Charset::Ascii));
        let lead = page.lead(&[("now   ", None)]);
        page.entry(&lead, "one two three four five");
        assert_eq!(page.finish(), "now   one two three\n      four five\n");
    }

    #[test]
    fn ids_and_paths_are_not_broken() {
        let mut page = Page::new(plain(12, Charset::Ascii));
        page.entry(&Lead::default(), "see sock-diag-round-trip");
        assert_eq!(page.finish(), "see\nsock-diag-round-trip\n");
    }

    #[test]
    fn a_lead_without_text_is_a_line() {
        let mut page = Page::new(plain(12, Charset::Ascii));
        let lead = page.lead(&[("  ss -lt  ", None)]);
        page.entry(&lead, "");
        assert_eq!(page.finish(), "  ss -lt\n");
    }

    #[test]
    fn a_row_is_broken_between_its_pieces() {
        let mut page = Page::new(plain(16, Charset::Ascii));
        let pieces = ["one two", "three four", "5"].map(str::to_owned);
        page.row(&Lead::default(), "  ", &pieces);
        assert_eq!(page.finish(), "one two -\n  three four - 5\n");
        let mut page = Page::new(plain(10, Charset::Ascii));
        page.row(&Lead::default(), "  ", &pieces);
        assert_eq!(page.finish(), "one two -\n  three four -\n  5\n");
    }

    #[test]
    fn colours_have_no_width() {
        let style = Style::decide(ColorChoice::Always, false, &Environment::default());
        let mut page = Page::new(Look {
            style,
            ..plain(20, Charset::Ascii)
        });
        let lead = page.lead(&[("FAIL", Some(Tone::Bad)), ("  ", None)]);
        page.entry(&lead, "one two three four");
        assert_eq!(
            page.finish(),
            "\x1b[1;31mFAIL\x1b[0m  one two three\n      four\n"
        );
    }

    #[test]
    fn a_line_of_a_table_keeps_its_columns_and_ends_with_text() {
        let piece = |text, before, after| Piece {
            before,
            text: Cow::Borrowed(text),
            tone: None,
            after,
        };
        let mut page = Page::new(plain(5, Charset::Ascii));
        page.line([piece("a", 2, 3), piece("", 0, 4), piece("b", 1, 0)].into_iter());
        page.line([piece("a", 0, 3), piece("", 2, 3)].into_iter());
        assert_eq!(page.finish(), "  a        b\na\n");
    }

    proptest! {
        #[test]
        fn whatever_is_put_on_a_page_controls_no_terminal(lead in any::<String>(), text in any::<String>()) {
            let mut page = Page::new(plain(40, Charset::Unicode));
            let lead = page.lead(&[(&lead, Some(Tone::Strong))]);
            page.entry(&lead, &text);
            page.unbroken(&lead, &text);
            prop_assert!(!page.finish().chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
