"""From a NetParameter to a net that runs: message -> splits -> graph of shapes -> memory -> forward and backward."""
