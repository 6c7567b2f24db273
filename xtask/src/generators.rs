use crate::generate::Generator;

/// Everything in the repository that is made from the code.
pub(crate) const GENERATORS: &[Generator] = &[];
