//! What clients send along to page through lists and to avoid fetching them twice.

use std::ops::Range;

use crate::history::Window;

/// Which part of a list of ids, highest first, a window shows. The bounds of the window are not looked at.
pub fn page(ids: &[i32], window: &Window) -> Range<usize> {
    let start = match window.offset_id {
        id if id > 0 => ids.partition_point(|other| *other >= id),
        _ => 0,
    };
    let (add, limit) = (i64::from(window.add_offset), window.limit.max(0));
    let start = i64::try_from(start).unwrap_or(i64::MAX);
    let begin = start.saturating_add(add);
    let end = if add < -limit {
        // The page ends above the start: where too few ids are up there, they are all on it.
        begin.max(0).saturating_add(limit).min(start)
    } else {
        begin.saturating_add(limit)
    };
    let within = |at: i64| usize::try_from(at.max(0)).unwrap_or(usize::MAX).min(ids.len());
    within(begin)..within(end)
}

/// The hash of a list by which client and server find out that they have the same one.
///
/// Source: the API's "Pagination", "Hash generation".
pub fn list_hash(numbers: impl IntoIterator<Item = i64>) -> i64 {
    let mut hash = 0u64;
    for number in numbers {
        hash ^= hash >> 21;
        hash ^= hash << 35;
        hash ^= hash >> 4;
        hash = hash.wrapping_add(number.cast_unsigned());
    }
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(offset_id: i32, add_offset: i32, limit: i64, expected: &[i32]) {
        let ids = [90, 70, 50, 30, 10];
        let window = Window { offset_id, add_offset, limit, ..Window::default() };
        assert_eq!(&ids[page(&ids, &window)], expected, "{window:?}");
    }

    #[test]
    fn windows_on_a_list() {
        check(0, 0, 2, &[90, 70]);
        check(0, 3, 9, &[30, 10]);
        check(0, 5, 9, &[]);
        check(70, 0, 2, &[50, 30]);
        check(71, 0, 2, &[70, 50]);
        check(10, 0, 2, &[]);
        check(50, -1, 2, &[50, 30]);
        check(1, -2, 2, &[30, 10]);
        check(50, -9, 10, &[90, 70, 50, 30]);
        check(90, -3, 2, &[90]);
        check(10, -3, 2, &[50, 30]);
        check(0, i32::MIN, i64::MAX, &[90, 70, 50, 30, 10]);
        check(0, i32::MAX, i64::MAX, &[]);
        check(0, 0, 0, &[]);
    }

    #[test]
    fn hashes_tell_lists_apart() {
        assert_eq!(list_hash([]), 0);
        assert_ne!(list_hash([1, 2]), list_hash([2, 1]));
        assert_eq!(list_hash([5]), 5);
    }
}
