//! Takes out of a text what nobody should store, and moves the entities along.

use super::{Entity, Problem, Span, nest};

/// No offset: the middle of a character outside the basic plane.
const INSIDE: usize = usize::MAX;

/// The cleaned and trimmed text, and the entities that are left in it.
pub(super) fn clean(raw: &str, entities: Vec<Entity>) -> Result<(String, Vec<Span>), Problem> {
    let (text, moved) = without_controls(raw);
    let spans = entities.into_iter().map(|entity| bound(entity, &moved)).collect::<Result<Vec<_>, _>>()?;
    let (head, tail) = trim(&text, &spans);
    let kept: usize = super::utf16_len(&text[head.bytes..tail]);
    let follow = |span: Span| {
        let start = span.start.saturating_sub(head.units).min(kept);
        let end = span.end.saturating_sub(head.units).min(kept);
        (start < end).then_some(Span { start, end, ..span })
    };
    Ok((text[head.bytes..tail].to_owned(), spans.into_iter().filter_map(follow).collect()))
}

/// Line ends become `\n`, other control characters a space, direction overrides nothing. Also gives, for every
/// UTF-16 offset in `raw`, the offset in the new text.
fn without_controls(raw: &str) -> (String, Vec<usize>) {
    let mut text = String::with_capacity(raw.len());
    let mut moved = Vec::with_capacity(raw.len() + 1);
    let mut units = 0;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        moved.push(units);
        moved.extend((1..c.len_utf16()).map(|_| INSIDE));
        let kept = match c {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' => c,
            c if crate::names::is_direction_override(c) => continue,
            c if c.is_control() => ' ',
            c => c,
        };
        text.push(kept);
        units += kept.len_utf16();
    }
    moved.push(units);
    (text, moved)
}

/// Checks an entity against the text that it came with.
fn bound(entity: Entity, moved: &[usize]) -> Result<Span, Problem> {
    let start = usize::try_from(entity.offset).map_err(|_| Problem::Bounds)?;
    let length = usize::try_from(entity.length).map_err(|_| Problem::Bounds)?;
    let at = |offset: usize| moved.get(offset).copied().filter(|to| *to != INSIDE).ok_or(Problem::Bounds);
    Ok(Span { start: at(start)?, end: at(start + length)?, kind: entity.kind })
}

#[derive(Clone, Copy)]
struct Head {
    bytes: usize,
    units: usize,
}

/// Where the text begins and ends without the white space around it. The indentation of the first line of code
/// belongs to the code and stays.
fn trim(text: &str, spans: &[Span]) -> (Head, usize) {
    let tail = text.trim_end().len();
    let first = text.len() - text.trim_start().len();
    let first_units = super::utf16_len(&text[..first]);
    let is_code =
        |span: &&Span| nest::is_code(&span.kind) && span.start < first_units && first_units < span.end;
    let mut head = Head { bytes: first, units: first_units };
    if let Some(code) = spans.iter().find(is_code) {
        for c in text[..first].chars().rev() {
            if c == '\n' || head.units == code.start {
                break;
            }
            head = Head { bytes: head.bytes - c.len_utf8(), units: head.units - c.len_utf16() };
        }
    }
    (head, tail.max(head.bytes))
}
