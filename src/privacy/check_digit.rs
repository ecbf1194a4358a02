//! Check digits of cards and of national identity numbers.

/// Whether `digits` end in the check digit of ISO/IEC 7812-1, annex B.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => u32::from(*digit),
            _ => u32::from(*digit) * 2 / 10 + u32::from(*digit) * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether `digits` are a German tax identification number: eleven digits, of which the first ten
/// repeat one and are otherwise different, and a check digit by ISO/IEC 7064 MOD 11,10.
pub(super) fn german_tax_id(digits: &[u8]) -> bool {
    let Some((last, body)) = digits.split_last().filter(|_| digits.len() == 11) else {
        return false;
    };
    let mut counts = [0_u8; 10];
    for digit in body {
        counts[usize::from(*digit)] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let is_shaped = body[0] != 0 && repeated == 1 && counts.iter().all(|count| *count <= 3);
    let product = body.iter().fold(10, |product: u32, digit| {
        let sum = (product + u32::from(*digit)) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    is_shaped && (11 - product) % 10 == u32::from(*last)
}

/// Whether `text` is a Spanish DNI or NIE: eight digits, or X, Y, Z and seven, and a letter that
/// the number taken modulo 23 selects.
pub(super) fn spanish_id(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((number, letter)) = text.split_at_checked(text.len().saturating_sub(1)) else {
        return false;
    };
    let number = number
        .replacen('X', "0", 1)
        .replacen('Y', "1", 1)
        .replacen('Z', "2", 1);
    let place = number.parse::<usize>().map(|number| number % 23);
    number.len() == 8 && place.is_ok_and(|place| letter.as_bytes() == [LETTERS[place]])
}

/// Whether `digits` are a French NIR: thirteen digits and 97 less their remainder modulo 97.
pub(super) fn french_nir(digits: &[u8]) -> bool {
    let Some((number, key)) = digits
        .split_at_checked(13)
        .filter(|(_, key)| key.len() == 2)
    else {
        return false;
    };
    let value = |digits: &[u8]| {
        digits
            .iter()
            .fold(0_u64, |sum, digit| sum * 10 + u64::from(*digit))
    };
    matches!(number[0], 1 | 2) && value(key) == 97 - value(number) % 97
}

/// Whether `digits` are a Brazilian CPF: nine digits and two check digits modulo 11.
pub(super) fn brazilian_cpf(digits: &[u8]) -> bool {
    if digits.len() != 11 || digits.iter().all(|digit| *digit == digits[0]) {
        return false;
    }
    (9..11).all(|length| {
        let weights = (2..).take(length).collect::<Vec<u32>>().into_iter().rev();
        let sum: u32 = digits[..length]
            .iter()
            .zip(weights)
            .map(|(d, w)| u32::from(*d) * w)
            .sum();
        sum * 10 % 11 % 10 == u32::from(digits[length])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn numbers_with_their_check_digits_hold_and_their_neighbours_do_not() {
        type Check = fn(&[u8]) -> bool;
        let checks: [(Check, &str); 4] = [
            (luhn, "4111111111111111"),
            (german_tax_id, "86095742719"),
            (french_nir, "255081416802538"),
            (brazilian_cpf, "52998224725"),
        ];
        for (check, number) in checks {
            let right = digits(number);
            assert!(check(&right), "{number}");
            let mut wrong = right;
            let last = wrong.len() - 1;
            wrong[last] = (wrong[last] + 1) % 10;
            assert!(!check(&wrong), "{number} with another last digit");
        }
        assert!(spanish_id("12345678Z") && spanish_id("X1234567L"));
        assert!(!spanish_id("12345678A") && !spanish_id("") && !spanish_id("Ñ"));
    }
}
