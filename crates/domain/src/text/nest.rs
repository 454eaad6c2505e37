//! Makes entities nest.
//!
//! Clients draw entities as a tree, so no two may cross. What gives way to what:
//! 1. Quotes do not overlap each other; of two the earlier stays.
//! 2. Code holds nothing and crosses no quote.
//! 3. Links, mentions and the like do not overlap each other; what the author set comes before what was found.
//! 4. Custom emoji may stand inside all of these but code.
//! 5. Styles are the only ones that can be cut: they are joined per style, taken out of code, and cut where they
//!    would cross something else.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{EntityKind, Span};

/// `given` by the author, `found` by the server, the more certain first.
pub(super) fn nest(given: Vec<Span>, found: Vec<Span>) -> Vec<Span> {
    let mut by_class: BTreeMap<Class, Vec<Span>> = BTreeMap::new();
    for span in given {
        by_class.entry(class(&span.kind)).or_default().push(span);
    }
    let mut take = |class| {
        let mut spans = by_class.remove(&class).unwrap_or_default();
        spans.sort_by_key(|span| (span.start, Reverse(span.end)));
        spans
    };

    let quotes = settle(take(Class::Quote), |_| true);
    let codes = settle(take(Class::Code), |span| !crosses_any(span, &quotes));
    let apart_from_code = |span: &Span| !codes.iter().any(|code| code.overlaps(span));
    let solids: Vec<Span> = take(Class::Solid).into_iter().chain(found).collect();
    let solids = settle(solids, |span| apart_from_code(span) && !crosses_any(span, &quotes));
    let emoji = settle(take(Class::Emoji), |span| {
        apart_from_code(span) && !crosses_any(span, &quotes) && !crosses_any(span, &solids)
    });

    let styles = join(take(Class::Style));
    let fixed: Vec<Span> = [quotes, solids, emoji].concat();
    let styles = styles.into_iter().flat_map(|style| without_code(style, &codes));
    let styles = styles.flat_map(|style| cut(style, &fixed)).collect();

    let mut all = [fixed, codes, nest_styles(styles)].concat();
    all.sort_by_key(|span| (span.start, Reverse(span.end), rank(&span.kind)));
    all
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Quote,
    Code,
    Solid,
    Emoji,
    Style,
}

fn class(kind: &EntityKind) -> Class {
    match kind {
        EntityKind::Blockquote { .. } => Class::Quote,
        EntityKind::Code | EntityKind::Pre { .. } => Class::Code,
        EntityKind::CustomEmoji { .. } => Class::Emoji,
        kind if style_rank(kind).is_some() => Class::Style,
        _ => Class::Solid,
    }
}

pub(super) fn is_code(kind: &EntityKind) -> bool {
    class(kind) == Class::Code
}

/// Outer before inner where two entities have the same bounds.
fn rank(kind: &EntityKind) -> (Class, usize) {
    let class = class(kind);
    // A custom emoji is innermost, styles stand outside of links as people write them.
    match class {
        Class::Style => (Class::Code, style_rank(kind).unwrap_or_default()),
        class => (class, usize::MAX),
    }
}

const STYLES: [EntityKind; 5] =
    [EntityKind::Bold, EntityKind::Italic, EntityKind::Underline, EntityKind::Strike, EntityKind::Spoiler];

fn style_rank(kind: &EntityKind) -> Option<usize> {
    STYLES.iter().position(|style| style == kind)
}

fn crosses_any(span: &Span, others: &[Span]) -> bool {
    others.iter().any(|other| other.crosses(span))
}

/// Keeps, in the given order, what passes `allowed` and overlaps nothing that was kept before.
fn settle(spans: Vec<Span>, allowed: impl Fn(&Span) -> bool) -> Vec<Span> {
    let mut kept: Vec<Span> = Vec::new();
    for span in spans {
        if allowed(&span) && !kept.iter().any(|other| other.overlaps(&span)) {
            kept.push(span);
        }
    }
    kept
}

/// Joins overlapping spans of one style. `styles` is sorted by start.
fn join(styles: Vec<Span>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for span in styles {
        match joined.iter_mut().rev().find(|last| last.kind == span.kind) {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

/// The parts of a style outside of all code. `codes` do not overlap and are sorted.
fn without_code(style: Span, codes: &[Span]) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = style.start;
    for code in codes.iter().filter(|code| code.overlaps(&style)) {
        if start < code.start {
            parts.push(Span { start, end: code.start, kind: style.kind.clone() });
        }
        start = start.max(code.end);
    }
    if start < style.end {
        parts.push(Span { start, end: style.end, kind: style.kind });
    }
    parts
}

/// The style cut wherever it would cross something that cannot be cut.
fn cut(style: Span, fixed: &[Span]) -> Vec<Span> {
    let inside = |at: usize| style.start < at && at < style.end;
    let crossing = fixed.iter().filter(|other| other.crosses(&style));
    let mut cuts: Vec<usize> =
        crossing.map(|other| if inside(other.start) { other.start } else { other.end }).collect();
    cuts.push(style.end);
    cuts.sort_unstable();
    cuts.dedup();
    let mut parts = Vec::new();
    let mut start = style.start;
    for end in cuts {
        parts.push(Span { start, end, kind: style.kind.clone() });
        start = end;
    }
    parts
}

/// Cuts styles that cross other styles: the one that begins later is cut where the earlier one ends.
fn nest_styles(styles: Vec<Span>) -> Vec<Span> {
    let key = |start: usize, end: usize, style: usize| (start, Reverse(end), style);
    let mut waiting: std::collections::BTreeSet<_> = styles
        .into_iter()
        .filter_map(|span| style_rank(&span.kind).map(|style| key(span.start, span.end, style)))
        .collect();
    let mut open: Vec<usize> = Vec::new();
    let mut nested = Vec::new();
    while let Some((start, Reverse(end), style)) = waiting.pop_first() {
        while open.last().is_some_and(|outer| *outer <= start) {
            open.pop();
        }
        let end = match open.last() {
            Some(&outer) if outer < end => {
                waiting.insert(key(outer, end, style));
                outer
            }
            _ => end,
        };
        open.push(end);
        nested.push(Span { start, end, kind: STYLES[style].clone() });
    }
    nested
}
