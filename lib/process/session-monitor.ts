// The program of the process that holds the PAM session of another: see options.session. PAM's modules must not run in the
// service's process, whose threads they do not know, nor in a copy of it.
import { native } from '../internal/binding';

native.runSessionMonitor();
