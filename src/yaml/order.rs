//! The order of keys in what go-yaml v2 prints.

use std::cmp::Ordering;

/// Sorts by [`natural`], which is no order: `9` < `10` < `1a` < `01` < `9`. go-yaml prints such keys in any order, kship in
/// one of them.
pub(super) fn sort<T>(entries: &mut Vec<T>, key: impl Fn(&T) -> &str + Copy) {
    // The standard library's sort may panic on what is no order. A merge does not.
    entries.sort_by(|a, b| (key(a).len(), key(a)).cmp(&(key(b).len(), key(b))));
    if entries.len() > FEW {
        *entries = merge_sort(std::mem::take(entries), key);
        return;
    }
    // Insertion gives the order that kubeseal was seen to print.
    let mut sorted: Vec<T> = Vec::with_capacity(entries.len());
    for entry in std::mem::take(entries) {
        let is_before = |other: &T| natural(key(other), key(&entry)) != Ordering::Greater;
        let at = sorted.iter().rposition(is_before).map_or(0, |at| at + 1);
        sorted.insert(at, entry);
    }
    *entries = sorted;
}

/// Insertion compares each key with every other at worst.
const FEW: usize = 1_000;

fn merge_sort<T>(mut left: Vec<T>, key: impl Fn(&T) -> &str + Copy) -> Vec<T> {
    if left.len() < 2 {
        return left;
    }
    let right = merge_sort(left.split_off(left.len() / 2), key);
    let left = merge_sort(left, key);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let next = if natural(key(second), key(first)) == Ordering::Less {
            right.next()
        } else {
            left.next()
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// Letters after everything else, numbers by their value: `_x`, `9`, `10`, `B`, `a9`, `a10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let Some((at, (&left, &right))) = a.iter().zip(&b).enumerate().find(|(_, (left, right))| left != right) else {
        return a.len().cmp(&b.len());
    };
    match (left.is_alphabetic(), right.is_alphabetic()) {
        (true, true) => return left.cmp(&right),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero counts within a number that has begun before.
    let seed = (left == '0' || right == '0') && {
        let before = a.get(..at).unwrap_or_default().iter().rev();
        before
            .take_while(|digit| digit.is_ascii_digit())
            .any(|digit| *digit != '0')
    };
    let ((left_number, left_end), (right_number, right_end)) = (number(&a, at, seed), number(&b, at, seed));
    left_number
        .cmp(&right_number)
        .then(left_end.cmp(&right_end))
        .then(left.cmp(&right))
}

/// The number from a place on, and where it ends; too large ones wrap around as they do in Go.
fn number(text: &[char], from: usize, seed: bool) -> (i64, usize) {
    let mut number = i64::from(seed);
    let mut end = from;
    for digit in text.iter().skip(from).map_while(|digit| digit.to_digit(10)) {
        number = number.wrapping_mul(10).wrapping_add(digit.into());
        end += 1;
    }
    (number, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_go_yaml() {
        let sorted = [
            "-x", ".x", "_x", "01", "9", "10", "1a", "A", "B", "Z", "a", "a9", "a10", "a100", "b", "tls.crt", "tls.key",
        ];
        let mut keys = sorted;
        keys.reverse();
        let mut keys = keys.to_vec();
        sort(&mut keys, |key| key);
        assert_eq!(keys, sorted);
        assert_eq!(natural("a", "a"), Ordering::Equal);
        assert_eq!(natural("99999999999999999999", "9999999999999999999a"), Ordering::Less);
    }
}
