//! The universal form of the micro:bits' HEX, which holds a program for each of the two
//! (<https://tech.microbit.org/software/spec-universal-hex/>, version 0.4.0, in sections): each takes its own.

/// The kinds of records.
const DATA: u8 = 0;
const END: u8 = 1;
const HIGH_ADDRESS: u8 = 4;
const SECTION: u8 = 0x0a;
const SECTION_END: u8 = 0x0b;
const PADDING: u8 = 0x0c;
/// Data that the first micro:bit passes over.
const OTHER_DATA: u8 = 0x0d;

/// The boards, as a section names them.
const FIRST: [u8; 4] = [0x99, 0x00, 0xc0, 0xde];
const SECOND: [u8; 4] = [0x99, 0x03, 0xc0, 0xde];

/// The bytes that a section is a multiple of, since USB sends so many at a time, and those of data in a record.
const BLOCK: usize = 512;
const WIDTH: u32 = 32;

/// A program for the first micro:bit, whose nRF51822 cannot run the gesture board: it lights all LEDs.
const LIGHTS: [u32; 11] = [
    // The stack's end, and where a reset and two kinds of faults begin.
    0x2000_4000,
    0x0000_0011,
    0x0000_0011,
    0x0000_0011,
    // ldr r0, [pc, #12]; ldr r1, [pc, #16]
    0x4904_4803,
    // ldr r2, [pc, #16]; str r1, [r0, #0xc]: columns, which are lit when they are low
    0x60c1_4a04,
    // str r2, [r0, #8]: rows, high; str r1, [r0, #0x18]: all are outputs
    0x6181_6082,
    // b .; nop
    0xbf00_e7fe,
    // GPIO, of which OUTSET is at 8, OUTCLR at 0xc and DIRSET at 0x18.
    0x5000_0500,
    // P0.4 to P0.15, of which those from P0.13 on are rows.
    0x0000_fff0,
    0x0000_e000,
];

/// A file for both: the second micro:bit takes these segments of its flash, each with its address.
pub fn hex(segments: &[(u32, &[u8])]) -> String {
    let lights: Vec<u8> = LIGHTS.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut text = String::new();
    section(&mut text, &FIRST, DATA, &[(0, &lights)]);
    section(&mut text, &SECOND, OTHER_DATA, segments);
    record(&mut text, END, 0, &[]);
    text
}

fn section(text: &mut String, board: &[u8], kind: u8, segments: &[(u32, &[u8])]) {
    let mut high = segments.first().map_or(0, |(start, _)| start >> 16);
    record(text, HIGH_ADDRESS, 0, &(high as u16).to_be_bytes());
    record(text, SECTION, 0, board);
    for (start, bytes) in segments {
        let (mut address, mut rest) = (*start, *bytes);
        while !rest.is_empty() {
            if address >> 16 != high {
                high = address >> 16;
                record(text, HIGH_ADDRESS, 0, &(high as u16).to_be_bytes());
            }
            let (data, behind) = rest.split_at(rest.len().min((WIDTH - address % WIDTH) as usize));
            record(text, kind, address as u16, data);
            (address, rest) = (address + data.len() as u32, behind);
        }
    }
    let (empty, full) = (length(0), length(WIDTH as usize));
    let mut room = BLOCK - text.len() % BLOCK;
    if room < empty {
        room += BLOCK;
    }
    while room > full {
        let bytes = WIDTH.min((room - 2 * empty) as u32 / 2) as usize;
        record(text, PADDING, 0, &[0xff; WIDTH as usize][..bytes]);
        room -= length(bytes);
    }
    record(text, SECTION_END, 0, &[0xff; WIDTH as usize][..(room - empty) / 2]);
}

/// The characters of a record with so many bytes, and its line's end.
const fn length(bytes: usize) -> usize {
    12 + 2 * bytes
}

fn record(text: &mut String, kind: u8, address: u16, data: &[u8]) {
    let [high, low] = address.to_be_bytes();
    let content = [&[data.len() as u8, high, low, kind], data].concat();
    let sum = content.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(':');
    content.iter().chain(&[sum.wrapping_neg()]).for_each(|byte| text.push_str(&format!("{byte:02X}")));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification begins with these lines.
    #[test]
    fn its_sections_begin_and_end_as_the_specification_has_them() {
        let text = hex(&[(0, &[1; 40]), (0x0001_fff0, &[2; 33])]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], [":020000040000FA", ":0400000A9900C0DEBB"]);
        let second = text.find(":0400000A9903C0DEB8").unwrap();
        assert_eq!(text[..second].len() % 512, ":020000040000FA\n".len(), "sections are aligned");
        assert!(text.ends_with("\n:00000001FF\n"));
        assert!(lines.contains(&":020000040002F8"), "the second segment goes on beyond 64 kB");
        assert!(lines.iter().any(|line| line.starts_with(":1100000D0202")), "17 bytes of it");
    }

    #[test]
    fn every_section_ends_at_the_end_of_a_block() {
        for length in 0..300 {
            let data = vec![7; length];
            let text = hex(&[(0x100, &data)]);
            let body = text.strip_suffix(":00000001FF\n").unwrap();
            assert_eq!(body.len() % 512, 0, "{length} bytes");
            assert!(body.lines().all(|line| line.len() <= 75));
            assert_eq!(body.lines().filter(|line| line.get(7..9) == Some("0B")).count(), 2);
            let data: String =
                body.lines().filter(|line| line.get(7..9) == Some("0D")).map(|line| &line[9..line.len() - 2]).collect();
            assert_eq!(data, "07".repeat(length));
        }
    }
}
