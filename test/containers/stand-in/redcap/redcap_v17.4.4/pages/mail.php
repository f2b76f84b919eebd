<?php
// Sends a message to ?to=; says whether PHP's mail() took it.
$sent = mail($_GET['to'], $_GET['subject'] ?? 'Hello', "A message from REDCap's stand-in.\n", ['From' => setting('from_email')]);
echo $sent ? 'sent' : 'refused';
