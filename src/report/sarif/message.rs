//! Text in a SARIF log.

use serde::Serialize;

/// A `message` or `multiformatMessageString` object.
#[derive(Serialize)]
pub(super) struct Message {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

impl Message {
    /// Text of this program, or text that [`super::super::plain`] has made safe.
    pub(super) fn written(text: &str) -> Self {
        Message {
            text: escape(text),
            markdown: None,
        }
    }

    /// A page in Markdown, which can be read as it stands.
    pub(super) fn markdown(page: &str) -> Self {
        Message {
            text: escape(page),
            markdown: Some(doubled(page)),
        }
    }
}

/// Braces would be placeholders (§3.11.5), and `[text](target)` a link (§3.11.6): a process can
/// call itself that.
fn escape(text: &str) -> String {
    doubled(text).replace("](", "] (")
}

fn doubled(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_neither_a_link_nor_a_placeholder() {
        assert_eq!(escape("[x](http://y) {0}"), "[x] (http://y) {{0}}");
    }
}
