<?php
// Ends with PHP's fatal error: what the client sees of it, and what the log.
throw new RuntimeException("A failure on purpose,\nwith \"two\" lines.");
