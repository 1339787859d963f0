//! A watch on a terminal: the listeners, worst first, and the last events.

use super::line::{counted, told};
use super::table::{fit, table};
use super::{Opening, timestamp, tone};
use crate::report::escape::escape;
use crate::report::page::Look;
use crate::report::style::Tone;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use sockdoctor_checks::facts::Owner;
use sockdoctor_checks::watch::{Event, Fill, Row};
use std::time::SystemTime;

/// Lines of the title, the heading of the table, and what says how many listeners are left out.
const AROUND_TABLE: u16 = 3;
/// Lines for events and their heading, where the screen is high.
const MOST_EVENTS: u16 = 12;

/// What is on the screen.
#[derive(Debug)]
pub struct View<'a> {
    /// What is watched.
    pub opening: Opening,
    /// Readings so far.
    pub readings: u64,
    /// When the last one was taken.
    pub when: SystemTime,
    /// All listeners, worst first.
    pub rows: Vec<Row<'a>>,
    /// The owners of those that can be seen, in the same order.
    pub owners: Vec<Option<&'a Owner>>,
    /// The last events, newest last.
    pub events: Vec<&'a (SystemTime, Event)>,
}

/// How many listeners a screen of this height shows.
pub fn room_for_listeners(height: u16) -> usize {
    height
        .saturating_sub(AROUND_TABLE + events_height(height))
        .into()
}

/// How many events.
pub fn room_for_events(height: u16) -> usize {
    events_height(height).saturating_sub(1).into()
}

fn events_height(height: u16) -> u16 {
    (height / 3).min(MOST_EVENTS)
}

/// Draws the view.
pub fn draw(frame: &mut Frame<'_>, view: &View<'_>, look: Look) {
    let area = frame.area();
    let [title, listeners, more, events] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(events_height(area.height)),
    ])
    .areas(area);
    frame.render_widget(title_line(view, look, title), title);
    let shown = room_for_listeners(area.height);
    let rows = view.rows.iter().copied().take(shown);
    let owners = view.owners.iter().copied().chain(std::iter::repeat(None));
    let rows: Vec<_> = rows.zip(owners).collect();
    frame.render_widget(table(&rows, look, listeners.width.into()), listeners);
    frame.render_widget(left_out(view, look, shown), more);
    frame.render_widget(event_lines(view, look, events), events);
}

fn title_line(view: &View<'_>, look: Look, area: Rect) -> Line<'static> {
    let count = |of: &dyn Fn(&Row<'_>) -> bool| view.rows.iter().filter(|row| of(row)).count();
    let full = count(&|row| row.fill == Fill::Full);
    let dropping = count(&|row| row.dropped.is_some_and(|dropped| dropped.by > 0));
    let mut listeners = counted(view.rows.len(), "listener");
    for (number, word) in [(full, "full"), (dropping, "dropping")] {
        if number > 0 {
            listeners += &format!(", {number} {word}");
        }
    }
    let parts = [
        "q leaves".to_owned(),
        listeners,
        counted(view.opening.namespaces, "network namespace"),
        progress(view),
    ];
    let width = usize::from(area.width).saturating_sub(NAME.len());
    let text = escape(&format!(" · {}", parts.join(" · ")), look.charset).into_owned();
    Line::from(vec![
        Span::styled(NAME, look.style.cell(Tone::Strong)),
        Span::raw(fit(&text, width, false, look.charset)),
    ])
}

const NAME: &str = "sockdoctor watch";

/// `reading 7 of 10, every 1s, 00:10:12Z`.
fn progress(view: &View<'_>) -> String {
    let of = view
        .opening
        .count
        .map_or_else(String::new, |count| format!(" of {count}"));
    let every = humantime::format_duration(view.opening.interval);
    let clock = clock(view.when);
    format!("reading {}{of}, every {every}, {clock}Z", view.readings)
}

/// The time of day, UTC: `00:10:12`.
fn clock(when: SystemTime) -> String {
    timestamp(when).chars().skip(11).take(8).collect()
}

fn left_out(view: &View<'_>, look: Look, shown: usize) -> Line<'static> {
    let text = match view.rows.len() {
        0 => "nothing listens here, as far as can be seen".to_owned(),
        rows if rows > shown => format!(
            "and {} that are no worse",
            counted(rows - shown, "listener")
        ),
        _ => return Line::default(),
    };
    Line::styled(text, look.style.cell(Tone::Faint))
}

fn event_lines(view: &View<'_>, look: Look, area: Rect) -> Paragraph<'static> {
    let heading = if view.events.is_empty() {
        "no events yet"
    } else {
        "events"
    };
    let heading = Line::styled(heading, look.style.cell(Tone::Faint));
    let room = usize::from(area.height).saturating_sub(1);
    let first = view.events.len().saturating_sub(room);
    let lines = view.events[first..]
        .iter()
        .map(|(when, event)| event_line(*when, event, look, area.width.into()));
    Paragraph::new(std::iter::once(heading).chain(lines).collect::<Vec<_>>())
}

fn event_line(when: SystemTime, event: &Event, look: Look, width: usize) -> Line<'static> {
    let clock = format!("{}  ", clock(when));
    let name = event.what.name();
    let text = escape(&format!("  {}", told(event)), look.charset).into_owned();
    let room = width.saturating_sub(clock.len() + name.len());
    Line::from(vec![
        Span::styled(clock, look.style.cell(Tone::Faint)),
        Span::styled(name, look.style.cell(tone(&event.what))),
        Span::raw(fit(&text, room, false, look.charset)),
    ])
}
