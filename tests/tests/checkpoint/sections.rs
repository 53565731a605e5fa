//! A checkpoint split into its sections, to build other checkpoints from them.

/// The tags, as the layout has them.
pub const HEAD: u16 = 1;
pub const STATE: u16 = 2;
pub const VELOCITY: u16 = 3;
pub const READOUT: u16 = 4;
pub const CLASSES: u16 = 5;
pub const STANDARDIZER: u16 = 6;
pub const MEMORY: u16 = 7;
pub const HELD_OUT: u16 = 8;
pub const GUARD: u16 = 9;
pub const CALIBRATION: u16 = 10;
pub const FIXED: u16 = 15;

/// A version and sections.
#[derive(Clone, Debug, PartialEq)]
pub struct Sections {
    pub version: u16,
    pub sections: Vec<(u16, Vec<u8>)>,
}

impl Sections {
    /// The sections of a valid checkpoint.
    pub fn of(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((&bytes[..4], word(8) as usize), (b"GDck".as_slice(), bytes.len()));
        let (mut sections, mut at) = (Vec::new(), 12);
        for _ in 0..word(4) >> 16 {
            let length = word(at + 4) as usize;
            sections.push((u16::try_from(word(at)).unwrap(), bytes[at + 8..][..length].to_vec()));
            at += 8 + length;
        }
        assert_eq!(at + 4, bytes.len());
        let all = Sections { version: word(4) as u16, sections };
        assert_eq!(all.bytes(), bytes);
        all
    }

    /// The checkpoint, with a CRC that fits.
    pub fn bytes(&self) -> Vec<u8> {
        let mut content = [b"GDck".as_slice(), &[0; 8]].concat();
        for (tag, contents) in &self.sections {
            content.extend(u32::from(*tag).to_le_bytes());
            content.extend((contents.len() as u32).to_le_bytes());
            content.extend(contents);
        }
        let length = content.len() as u32 + 4;
        content[4..6].copy_from_slice(&self.version.to_le_bytes());
        content[6..8].copy_from_slice(&(self.sections.len() as u16).to_le_bytes());
        content[8..12].copy_from_slice(&length.to_le_bytes());
        with_crc(content)
    }

    /// The tags, in order.
    pub fn tags(&self) -> Vec<u16> {
        self.sections.iter().map(|(tag, _)| *tag).collect()
    }

    /// Without some sections, which must be present.
    pub fn without(mut self, tags: &[u16]) -> Self {
        assert!(tags.iter().all(|tag| self.tags().contains(tag)));
        self.sections.retain(|(tag, _)| !tags.contains(tag));
        self
    }

    /// With one more, as the `at`-th.
    pub fn with(mut self, at: usize, tag: u16, contents: &[u8]) -> Self {
        self.sections.insert(at, (tag, contents.to_vec()));
        self
    }

    /// The contents of a section.
    pub fn of_tag(&mut self, tag: u16) -> &mut Vec<u8> {
        let found = self.sections.iter_mut().find(|(its, _)| *its == tag);
        &mut found.unwrap_or_else(|| panic!("there is no section {tag}")).1
    }
}

/// The bytes with a CRC that fits them.
pub fn with_crc(mut content: Vec<u8>) -> Vec<u8> {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&content);
    content.extend(crc.to_le_bytes());
    content
}
