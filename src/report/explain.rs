//! The page of a check: Markdown, wrapped to the reader's width.

use super::page::{Lead, Look, Page};
use super::style::Tone;
use sockdoctor_checks::check::{Check, Scope};

/// The page, and under it how the check stands to the others.
pub(crate) fn page(check: &Check, look: Look) -> String {
    let mut page = Page::new(look);
    markdown(&mut page, check.explain);
    page.gap();
    let each = match check.scope {
        Scope::Host => "",
        Scope::Netns => "each network namespace of ",
    };
    let place = format!(
        "{}: {}. Group {}, judges {each}{}.",
        check.id,
        check.title,
        check.group.name(),
        check.judges.name(),
    );
    page.entry(&Lead::default(), &place);
    if !check.masked_by.is_empty() {
        let masks = format!("Follows from: {}.", check.masked_by.join(", "));
        page.entry(&Lead::default(), &masks);
    }
    page.finish()
}

/// Prose is wrapped anew. Code and tables stay as they are.
fn markdown(page: &mut Page, text: &str) {
    let mut paragraph = Paragraph::default();
    let mut in_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let begins = in_code || is_fence || stands_alone(line) || item(line).is_some();
        if begins {
            paragraph.flush(page);
        }
        // As in Markdown, an indented line is code unless it goes on with a paragraph.
        let is_indented = paragraph.text.is_empty() && line.starts_with("    ");
        in_code ^= is_fence;
        match line {
            _ if is_fence => {}
            _ if in_code => page.unbroken(&Lead::default(), &format!("    {line}")),
            "" => page.gap(),
            _ if is_indented => page.unbroken(&Lead::default(), line),
            _ if line.starts_with('#') => heading(page, line),
            _ if line.starts_with('|') => page.unbroken(&Lead::default(), line),
            _ => paragraph.add(line),
        }
    }
    paragraph.flush(page);
}

fn stands_alone(line: &str) -> bool {
    line.is_empty() || line.starts_with(['#', '|'])
}

fn heading(page: &mut Page, line: &str) {
    let lead = page.lead(&[(line.trim_start_matches('#').trim(), Some(Tone::Strong))]);
    page.entry(&lead, "");
}

/// The marker of a list item, with the white space around it.
fn item(line: &str) -> Option<&str> {
    let indent = line.len() - line.trim_start().len();
    let marker = line[indent..].split_inclusive(' ').next()?;
    let number = marker.trim_end().strip_suffix('.');
    let is_number = number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    (is_number || matches!(marker, "- " | "* ")).then(|| &line[..indent + marker.len()])
}

/// Lines that belong together.
#[derive(Default)]
struct Paragraph {
    marker: String,
    text: String,
}

impl Paragraph {
    fn add(&mut self, line: &str) {
        if self.text.is_empty() {
            self.marker = item(line).unwrap_or_default().to_owned();
            self.text = line[self.marker.len()..].trim().to_owned();
        } else {
            self.text.push(' ');
            self.text += line.trim();
        }
    }

    fn flush(&mut self, page: &mut Page) {
        if !self.text.is_empty() {
            let lead = page.lead(&[(&self.marker, None)]);
            page.entry(&lead, &self.text);
        }
        *self = Paragraph::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::escape::Charset;
    use crate::report::page::plain;

    fn rendered(text: &str) -> String {
        let mut page = Page::new(plain(24, Charset::Ascii));
        markdown(&mut page, text);
        page.finish()
    }

    #[test]
    fn prose_is_wrapped_to_the_reader() {
        assert_eq!(
            rendered("# tcp-diag\n\nOne two three four\nfive six.\n"),
            "tcp-diag\n\nOne two three four five\nsix.\n"
        );
    }

    #[test]
    fn items_hang_and_stay_apart() {
        assert_eq!(
            rendered("- one two three four five\n- six\n  seven\n1. eight\n"),
            "- one two three four\n  five\n- six seven\n1. eight\n"
        );
    }

    #[test]
    fn indented_code_is_never_wrapped_and_keeps_its_lines() {
        let commands = "    sysctl -w net.ipv4.tcp_syncookies=1\n    ss -ltn # by hand\n";
        let text = format!("See:\n\n{commands}\nDone.\n");
        assert_eq!(rendered(&text), text);
    }

    #[test]
    fn code_is_never_wrapped() {
        assert_eq!(
            rendered("See:\n```sh\nmodprobe tcp_diag && ss -ltn\n\nls\n```\nDone.\n"),
            "See:\n    modprobe tcp_diag && ss -ltn\n\n    ls\nDone.\n"
        );
    }
}
