//! What clients send along to page through lists and to avoid fetching them twice.

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
