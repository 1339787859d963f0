//! The table for people.

use super::cells;
use super::columns::{Columns, differ};
use super::grid::{Grid, Head, Long, Side};
use super::{Listing, words};
use crate::report::NOBODY;
use crate::report::page::{Lead, Look, Page};
use crate::report::style::Tone;
use sockdoctor_checks::listeners::{Attribution, Row, Table};
use std::cmp::Reverse;

/// Namespaces whose drops are told.
const DROPPING: usize = 8;

/// The table as text.
pub(crate) fn render(listing: &Listing<'_>, look: Look) -> String {
    let mut page = Page::new(look);
    let table = listing.table;
    page.entry(&Lead::default(), &words::headline(listing));
    listeners(&mut page, listing, look.screen);
    streams(&mut page, table, look.screen);
    notes(&mut page, listing);
    page.finish()
}

fn listeners(page: &mut Page, listing: &Listing<'_>, screen: Option<usize>) {
    let rows = &listing.table.rows;
    let columns = Columns::of(listing);
    page.gap();
    if rows.is_empty() {
        let none = words::nothing_shown(listing.request);
        let none = none.filter(|_| listing.table.counts.listeners > 0);
        none.into_iter()
            .for_each(|none| page.entry(&Lead::default(), none));
        return;
    }
    let same = columns.same(&rows[0], words::ss(listing));
    page.row(&Lead::default(), "", &same);
    page.gap();
    columns
        .grid(rows, page.charset(), screen)
        .write(page, screen);
}

fn streams(page: &mut Page, table: &Table<'_>, screen: Option<usize>) {
    let streams = &table.streams;
    if streams.is_empty() {
        return;
    }
    page.gap();
    page.entry(
        &Lead::default(),
        "Bytes that wait to be read from unix streams:",
    );
    page.gap();
    let netns = differ(streams.iter().map(|stream| stream.netns.id));
    let heads = [
        (netns, "netns", Side::Left, Long::Wraps),
        (true, "unread", Side::Right, Long::Never),
        (table.has_processes, "process", Side::Left, Long::Wraps),
        (true, "its address, or its peer's", Side::Left, Long::Alone),
    ];
    let heads = heads.into_iter().filter(|(is_shown, ..)| *is_shown);
    let heads = heads.map(|(_, title, side, long)| Head { title, side, long });
    let mut grid = Grid::new(heads.collect(), streams.len(), page.charset());
    for stream in streams {
        if netns {
            grid.plain(&stream.netns.label);
        }
        cells::number(&mut grid, &stream.unread);
        if table.has_processes {
            cells::owner(&mut grid, "", &stream.owner);
        }
        match stream.name {
            "" => grid.toned("no name", Some(Tone::Faint)),
            name => grid.plain(name),
        }
    }
    grid.write(page, screen);
}

/// What is below the table: who drops, and why something is not known.
fn notes(page: &mut Page, listing: &Listing<'_>) {
    let table = listing.table;
    page.gap();
    if let Some(undecided) = words::undecided(table.undecided) {
        page.entry(&Lead::default(), &undecided);
    }
    let dropping = dropping(listing);
    let lead = page.lead(&[("drops  ", Some(Tone::Faint))]);
    for one in dropping.iter().take(DROPPING) {
        page.entry(&lead, &words::attribution(one));
    }
    let more = dropping.len().saturating_sub(DROPPING);
    if more > 0 {
        let more = format!("and in {more} more namespaces; --format json has all");
        page.entry(&lead, &more);
    }
    if is_nobodys(table) {
        let lead = page.lead(&[(NOBODY, Some(Tone::Faint)), ("  ", None)]);
        page.entry(&lead, words::WHY_NOBODY);
    }
    let lead = page.lead(&[("?  ", Some(Tone::Unsure))]);
    for reason in &table.gaps {
        page.entry(&lead, &words::reason(reason, table.namespaces));
    }
}

/// Whether no process holds any of what is shown, though all could be looked at.
fn is_nobodys(table: &Table<'_>) -> bool {
    let members = table.rows.iter().flat_map(|row| &row.members);
    let streams = table.streams.iter().map(|stream| &stream.owner);
    let mut owners = members.map(|member| &member.owner).chain(streams);
    owners.any(|owner| *owner == Ok(None))
}

/// The namespaces in which something was dropped, most first. Where some ports or a process were
/// asked for, those in which their listeners may have dropped it.
fn dropping<'a>(listing: &Listing<'a>) -> Vec<&'a Attribution> {
    let Table {
        rows, attributions, ..
    } = listing.table;
    let filter = &listing.request.filter;
    let all = filter.ports.is_empty() && filter.process.is_none();
    let is_theirs = |row: &Row<'_>| {
        let mut members = row.members.iter();
        members.any(|member| row.may_have_dropped(member) != Some(false))
    };
    let is_shown = |one: &Attribution| {
        let mut rows = rows.iter().filter(|row| row.netns.id == one.id);
        all || rows.any(is_theirs)
    };
    let dropping = attributions.iter().filter(|one| one.has_drops());
    let mut dropping: Vec<&Attribution> = dropping.filter(|one| is_shown(one)).collect();
    dropping.sort_by_key(|one| Reverse(one.listen_drops.clone().ok()));
    dropping
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod width_tests;
