//! An event on a screen.

use super::line::told;
use super::table::fit;
use super::{clock, tone};
use crate::report::escape::escape;
use crate::report::page::Look;
use crate::report::style::Tone;
use ratatui::text::{Line, Span};
use sockdoctor_checks::watch::Event;
use std::time::SystemTime;
use textwrap::{Options, WordSplitter};

/// In so many columns, and in as many lines as it takes. Only what is longer than there is room
/// for is cut, with a sign.
pub(super) fn lines(
    when: SystemTime,
    event: &Event,
    look: Look,
    (columns, room): (u16, usize),
) -> Vec<Line<'static>> {
    let clock = format!("{}  ", clock(when));
    let name = event.what.name();
    let text = format!("{name}  {}", told(event));
    let columns = usize::from(columns).saturating_sub(clock.len());
    let mut texts = wrapped(&text, look, (columns, room)).into_iter();
    let first = texts.next().unwrap_or_default();
    let blank = " ".repeat(clock.len());
    let further = texts.map(|text| Line::raw(format!("{blank}{text}")));
    let mut spans = vec![Span::styled(clock, look.style.cell(Tone::Faint))];
    match first.strip_prefix(name) {
        Some(rest) => {
            spans.push(Span::styled(name, look.style.cell(tone(&event.what))));
            spans.push(Span::raw(rest.to_owned()));
        }
        None => spans.push(Span::raw(first)),
    }
    std::iter::once(Line::from(spans)).chain(further).collect()
}

fn wrapped(text: &str, look: Look, (columns, room): (usize, usize)) -> Vec<String> {
    let text = escape(text, look.charset);
    let options = Options::new(columns.max(1)).word_splitter(WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(&text, options).into_iter();
    let mut lines: Vec<String> = lines.map(std::borrow::Cow::into_owned).collect();
    if lines.len() > room {
        let rest = lines.split_off(room.saturating_sub(1)).join(" ");
        lines.push(fit(&rest, columns, false, look.charset));
    }
    lines
}
