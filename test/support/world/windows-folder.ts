import { seam } from '../win32/seam';
import './win32';

// Wine opens files with the rights of the process. The witness checks C:\Windows as NTFS would, with AccessCheck and the
// thread's token: SYSTEM and Administrators may do everything, Users may read.
seam().patchWitness();
seam().allow('C:\\Windows', 'D:(A;;FA;;;SY)(A;;FA;;;BA)(A;;FRFX;;;BU)');
